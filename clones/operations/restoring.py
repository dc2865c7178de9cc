"""After an older backup was put back: what may have been sent since then is never simply sent again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from clones.choices import CloneScope, CreationStatus, FailureKind, JobStatus, MailStatus
from clones.engine import arrival, mark
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import BatchMail, CloneJob, StoreCreation
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

    `stores`: those to be created, which are looked up now.
    """

    in_doubt: list[CloneJob]
    lost: list[CloneJob]
    stores: list[StoreCreation]


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
    keep_mails_back(MAIL_NOTE)
    mark.begin_anew()


def take_up(now: datetime) -> TakenUp:
    """Let every clone that the backup calls unsent count as perhaps sent.

    Where Ecwid would surely refuse a second one, it is asked: it then names the ticket of the first, or says that the
    store is not empty. Where it might accept one, the clone ends as RESULT_LOST. Stores that are still to be created
    are looked up first; what waits for one of them stays in doubt until then. Instant Sites need nothing: to clone one
    again is safe. Mails are not sent again. Raises InvalidRequestError while a worker lives.
    """
    with transaction.atomic():
        refuse_while_a_worker_lives(now)
        stores = _look_up(now)
        keep_mails_back(MAIL_NOTE)
        unsent = CloneJob.objects.active().filter(status__in=UNSENT).select_related("template", "target").order_by("pk")
        lost = [job for job in unsent if job.target.store_id and not _would_be_refused_twice(job)]
        lost_ids = {job.pk for job in lost}
        in_doubt = [job for job in unsent if job.pk not in lost_ids]
        advance_many([_lost(job) for job in lost] + [_doubt(job, now) for job in in_doubt], at=now)
    mark.begin_anew()
    return TakenUp(in_doubt, lost, stores)


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


def keep_mails_back(note: str) -> None:
    """Let every mail that this database calls unsent count as perhaps sent, for the reason in `note`."""
    unsent = BatchMail.objects.filter(state__in=(MailStatus.WAITING, MailStatus.SENDING))
    unsent.update(state=MailStatus.UNSURE, error=note, next_action_at=None, **LEASE_GIVEN_BACK)


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
