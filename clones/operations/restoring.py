"""After an older backup was put back: what may have been sent since then is never simply sent again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from clones.choices import CloneScope, CreationStatus, FailureKind, JobStatus
from clones.engine import arrival, mark, outbox
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import CloneJob, StoreCreation
from clones.operations.errors import InvalidRequestError
from clones.operations.workers import refuse_while_a_worker_lives
from clones.steps import advance_creations

# What a backup calls so may have been sent after it was made; what has a ticket is only looked at, which harms nobody.
UNSENT: Final = (JobStatus.WAITING, JobStatus.SUBMITTING)

DOUBT_NOTE: Final = "The database was put back from a backup. The clone may have started since: finding out."
STORE_NOTE: Final = (
    "The database was put back from a backup. The store may have been created since: looking it up by its e-mail."
)
LOST_NOTE: Final = (
    "The database was put back from a backup. The clone may have run since, and asking could start a second one: the "
    "portal does not ask by itself."
)
MAIL_NOTE: Final = (
    "The database was put back from a backup, and the mail may have been sent since: it is not sent again."
)


@dataclass(frozen=True)
class TakenUp:
    """What became of the clones that the backup calls unsent: those that Ecwid is asked about, and those that ended.

    `stores`: those to be created, which are looked up now. `mails`: how many are not sent, as they may have been.
    """

    in_doubt: list[CloneJob]
    lost: list[CloneJob]
    stores: list[StoreCreation]
    mails: int


def check_not_restored() -> None:
    """Raise InvalidRequestError where this is an older backup in which something is still to be sent."""
    if not mark.has_gone_back():
        return
    unsent = CloneJob.objects.active().filter(status__in=UNSENT)
    if unsent.exists() or StoreCreation.objects.filter(finished_at=None).exists():
        message = (
            "This database is older than it was: a backup was put back. Some of its clones may have been sent since "
            "then, or stores created. Run first: manage.py after_restore"
        )
        raise InvalidRequestError(message)
    outbox.withhold(timezone.now(), MAIL_NOTE)
    mark.begin_anew()


def take_up(now: datetime, *, is_sure: bool = False) -> TakenUp:
    """Let every clone that the backup calls unsent count as perhaps sent.

    Where Ecwid would surely refuse a second one, it is asked: it then names the ticket of the first, or says that the
    store is not empty. Where it might accept one, the clone ends as RESULT_LOST. Stores that are still to be created
    are looked up first; what waits for one of them stays in doubt until then. Instant Sites need nothing: to clone one
    again is safe. Mails are not sent again, nor about batches that are open: they may have ended since. Raises
    InvalidRequestError while a worker lives, and where nothing shows that the database went back, unless a person
    `is_sure`.
    """
    with transaction.atomic():
        refuse_while_a_worker_lives(now)
        if not is_sure:
            _refuse_without_a_sign()
        stores = _look_up(now)
        mails = outbox.withhold(now, MAIL_NOTE)
        unsent = _unsent()
        lost = [job for job in unsent if _may_start_twice(job)]
        lost_ids = {job.pk for job in lost}
        in_doubt = [job for job in unsent if job.pk not in lost_ids]
        advance_many([_lost(job) for job in lost] + [_doubt(job, now) for job in in_doubt], at=now)
    mark.begin_anew()
    return TakenUp(in_doubt, lost, stores, mails)


def _look_up(now: datetime) -> list[StoreCreation]:
    """Let every store that the backup calls uncreated count as perhaps asked for just now."""
    rows = list(StoreCreation.objects.filter(finished_at=None).order_by("pk"))
    doubt = {"submitted_at": now, "next_action_at": now, **LEASE_GIVEN_BACK}
    for row in rows:
        doubt_since = {"unanswered_since": row.unanswered_since or now}
        if row.status == CreationStatus.LOOKING:
            StoreCreation.objects.filter(pk=row.pk).update(**doubt, **doubt_since)
        else:
            advance_creations([row], CreationStatus.LOOKING, at=now, **doubt, **doubt_since)
    arrival.remark(rows, STORE_NOTE, now)
    return rows


def _refuse_without_a_sign() -> None:
    """Refuse where the mark says that nothing is missing: on a healthy database this would do harm for nothing."""
    if mark.seen() and not mark.has_gone_back():
        unsent = _unsent()
        lost = sum(map(_may_start_twice, unsent))
        message = (
            "Nothing shows that this database went back: it holds the newest that a worker has seen in it. Nothing was "
            f"changed. This command would end {lost} of {len(unsent)} clones that wait as “result lost”. If a backup "
            "was put back all the same, with the mark of its time, say so: manage.py after_restore --restored"
        )
        raise InvalidRequestError(message)


def _unsent() -> list[CloneJob]:
    jobs = CloneJob.objects.active().filter(status__in=UNSENT)
    return list(jobs.select_related("template", "target").order_by("pk"))


def _may_start_twice(job: CloneJob) -> bool:
    """Tell whether asking for the clone could start a second one. One without a store was surely not sent."""
    return bool(job.target.store_id) and not _would_be_refused_twice(job)


def _would_be_refused_twice(job: CloneJob) -> bool:
    """Tell whether the first clone surely left something in the target that keeps out a second one."""
    return CloneScope(job.scope).copies_catalog and bool(job.template.product_count or job.template.category_count)


def _doubt(job: CloneJob, now: datetime) -> Change:
    """Let the engine ask; but what is held, or has no store yet, is due when it is let go."""
    is_free = job.next_action_at is not None or job.status == JobStatus.SUBMITTING
    fields = {
        "unanswered_since": job.unanswered_since or now,
        "next_action_at": now if is_free and job.target.store_id else None,
        **LEASE_GIVEN_BACK,
    }
    return Change(job, JobStatus.WAITING, fields, note=DOUBT_NOTE)


def _lost(job: CloneJob) -> Change:
    return Change(job, JobStatus.FAILED, {"failure_kind": FailureKind.RESULT_LOST}, note=LOST_NOTE)
