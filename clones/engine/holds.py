"""Holding back what waits of a batch, and letting it go: what is held is due at no time.

Whoever calls this has locked the batch's row; then come its creations, then its jobs, each in the order of their keys.
"""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from clones.choices import ACTIVE, CreationStatus, HoldReason, JobStatus
from clones.models import Batch, CloneJob, StoreCreation
from clones.models.job import CloneJobQuerySet


def jobs_that_move(batch: Batch | OuterRef) -> CloneJobQuerySet:
    """Select the batch's active jobs, but for those whose store waits for a person."""
    stuck = StoreCreation.objects.filter(target=OuterRef("target"), status=CreationStatus.NEEDS_PERSON)
    # By status, since only that index begins with the batch.
    return CloneJob.objects.filter(~Exists(stuck), batch=batch, status__in=ACTIVE).order_by()


def jobs_that_can_be_held(batch: Batch) -> CloneJobQuerySet:
    """Select those that wait and surely are not at Ecwid."""
    return jobs_that_move(batch).filter(status=JobStatus.WAITING, unanswered_since=None)


def is_worth_holding(batch: Batch) -> bool:
    """Tell whether anything of the batch could be held, or is: after an older backup even what is in doubt may be."""
    waiting = jobs_that_move(batch).filter(status=JobStatus.WAITING)
    return waiting.filter(Q(unanswered_since=None) | Q(next_action_at=None)).exists()


def canary_of(batch: Batch) -> CloneJob:
    """Return the batch's first job."""
    # By the time first, which they share: by the key alone, PostgreSQL may walk through all jobs there ever were.
    return CloneJob.objects.filter(batch=batch).select_related("site").order_by("created_at", "pk")[0]


def is_held_back(job: CloneJob, batch: Batch) -> bool:
    """Tell whether `job`, of `batch` (locked), must not become due now: the batch is held, or waits for its canary."""
    if batch.held_since is not None:
        return True
    if batch.ended_at is not None:  # a store that a person saw to came late: nobody would let it go any more
        return False
    return batch.canary and batch.released_at is None and canary_of(batch).pk != job.pk


def end_hold_of_canary(job: CloneJob, batch: Batch) -> None:
    """End the hold of `batch` (locked) where `job` is its first one and goes on: the rest waits for its end again."""
    waits_for_it = batch.hold_reason == HoldReason.CANARY and batch.released_at is None
    if batch.held_since is not None and waits_for_it and canary_of(batch).pk == job.pk:
        batch.held_since, batch.hold_reason = None, ""
        batch.save(update_fields=["held_since", "hold_reason"])


def hold_back(batch: Batch) -> None:
    """Make what waits of the batch due at no time.

    Rows that somebody holds are left for the next review. What is leased, in doubt or at Ecwid goes on.
    """
    free = {"lease_token": "", "next_action_at__isnull": False}
    creations = _waiting_creations(batch).filter(**free)
    StoreCreation.objects.filter(pk__in=_locked(creations, skip_locked=True)).update(
        next_action_at=None, version=F("version") + 1
    )
    jobs = jobs_that_can_be_held(batch).filter(**free)
    held = _locked(jobs, skip_locked=True)
    CloneJob.objects.filter(pk__in=held).update(next_action_at=None, version=F("version") + 1)


def release(batch: Batch, now: datetime) -> int:
    """Make what was held back due at `now`, and return how many jobs and stores that were.

    A job whose store is still to be created goes on waiting for it.
    """
    idle = {"lease_token": "", "next_action_at": None}
    creations = _locked(_waiting_creations(batch).filter(**idle))
    StoreCreation.objects.filter(pk__in=creations).update(next_action_at=now, version=F("version") + 1)
    waiting = CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING, **idle)
    jobs = _locked(waiting.exclude(target__store_id=""))
    CloneJob.objects.filter(pk__in=jobs).update(next_action_at=now, version=F("version") + 1)
    return len(creations) + len(jobs)


def lift_where_nothing_waits(batch: Batch) -> None:
    """End the hold of a batch of which nothing is left that could be held."""
    if batch.held_since is not None and not is_worth_holding(batch):
        batch.held_since, batch.hold_reason = None, ""
        batch.save(update_fields=["held_since", "hold_reason"])


def _waiting_creations(batch: Batch) -> QuerySet[StoreCreation]:
    waiting = CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING).order_by()
    return StoreCreation.objects.filter(target__in=waiting.values("target"), status=CreationStatus.WAITING)


def _locked(rows: QuerySet[CloneJob] | QuerySet[StoreCreation], *, skip_locked: bool = False) -> list[int]:
    chosen = rows.order_by("pk").select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
    return list(chosen.values_list("pk", flat=True))
