"""What a person decides about the Instant Site of a clone."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.choices import JobStatus, SiteStatus
from clones.engine import bell
from clones.engine.holds import end_hold_of_canary
from clones.lifecycle import Change, advance_many
from clones.models import Batch, CloneJob, SiteClone, TargetStore
from clones.operations.errors import InvalidRequestError
from clones.operations.keys import check_key
from clones.secrets import Secret
from clones.steps import advance_sites


def try_site_again(job: CloneJob, user: User | None = None, token: str = "") -> None:
    """Ask for the Instant Site again; a token that is given becomes the store's. Raises InvalidRequestError."""
    key = check_key(token, "The access token", "access_token")
    now = timezone.now()
    with transaction.atomic():
        batch = Batch.objects.select_for_update(no_key=True).get(pk=job.batch_id)
        site = _stuck(job, SiteStatus.NEEDS_PERSON, SiteStatus.FAILED)
        end_hold_of_canary(job, batch)
        if key:
            TargetStore.objects.filter(pk=job.target_id).update(token=Secret.seal(key))
        fresh = {"next_action_at": now, "tries": 0, "error_code": "", "error_message": ""}
        advance_sites([site], SiteStatus.WAITING, at=now, **fresh)
        _remark(job, "The Instant Site is asked for again.", user)
        transaction.on_commit(bell.ring_all)


def give_up_site(job: CloneJob, user: User | None = None) -> None:
    """Leave the Instant Site out. Raises InvalidRequestError."""
    with transaction.atomic():
        site = _stuck(job, SiteStatus.NEEDS_PERSON)
        advance_sites([site], SiteStatus.CANCELED, at=timezone.now())
        _remark(job, "The Instant Site was left out.", user)


def _stuck(job: CloneJob, *statuses: SiteStatus) -> SiteClone:
    site = SiteClone.objects.select_for_update(no_key=True).filter(job=job.pk).first()
    if site is None or site.status not in statuses:
        raise InvalidRequestError("This Instant Site does not wait for a person any more: look at what became of it.")
    return site


def _remark(job: CloneJob, note: str, user: User | None) -> None:
    row = CloneJob.objects.get(pk=job.pk)
    advance_many([Change(row, JobStatus(row.status), note=note)], at=timezone.now(), actor=user)
