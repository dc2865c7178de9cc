"""Canceling clones that Ecwid does not know of yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from clones.choices import CreationStatus, JobStatus
from clones.lifecycle import Change, advance_many
from clones.models import Batch, CloneJob, StoreCreation
from clones.operations.left_out import LeftOut

NOTE: Final = "Canceled before it was sent to Ecwid."
MAY_COME: Final = "Ecwid was asked to create its store already, which may come into being: it is not cloned into."

_SURELY_UNSENT: Final = Q(status=CreationStatus.WAITING) | Q(status=CreationStatus.NEEDS_PERSON, unanswered_since=None)
_ENDED: Final = "It has ended already ({})."
_IN_DOUBT: Final = "Ecwid's answer to its start was lost, so it may be running there: the portal finds out first."
_BEING_SENT: Final = "It is being sent to Ecwid, and the answer is not here yet."
_AT_ECWID: Final = "Ecwid has it already, and has no cancel call."


@dataclass(frozen=True)
class Cancellation:
    """What came of it: the clones that are canceled now, and those that were left alone."""

    canceled: list[CloneJob] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True)
class Cancelable:
    """What canceling would do now: how many clones wait, and how many it cannot stop, by the sentence that says why.

    `stores`: for so many of those that wait, Ecwid was asked to create the store already.
    """

    waiting: int
    stores: int
    kept: list[tuple[str, int]]


def cancelable(batch: Batch) -> Cancelable:
    """Tell what canceling the rest of a batch would do. Two queries."""
    in_doubt = Count("pk", filter=Q(unanswered_since__isnull=False))
    rows = CloneJob.objects.filter(batch=batch, finished_at=None).order_by().values_list("status")
    waiting, kept = 0, dict[str, int]()
    for status, count, doubts in rows.annotate(count=Count("pk"), in_doubt=in_doubt):
        surely = count - doubts if status == JobStatus.WAITING else 0
        waiting += surely
        if count > surely:
            reason = _reason(CloneJob(status=status))
            kept[reason] = kept.get(reason, 0) + count - surely
    sent = _live_creations(CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING))
    return Cancelable(waiting, sent.exclude(_SURELY_UNSENT).count(), list(kept.items()))


def cancel_jobs(
    jobs: Iterable[CloneJob], user: User | None = None, *, at: datetime | None = None, note: str = NOTE
) -> Cancellation:
    """Cancel those of `jobs` that wait and have nothing unanswered: Ecwid has no cancel call. One transaction.

    A store that was to be created for one of them is not created any more (`steps.job_ended`), unless Ecwid was asked
    for it already.
    A worker that starts one of them at the same instant either comes first, and the clone is left out, or finds it
    canceled and sends nothing. `at`: when it was asked for; None: now.
    """
    now = at or timezone.now()
    with transaction.atomic():
        ids = [job.pk for job in jobs]
        creations = _locked_creations(ids)
        # Locked before it is looked at: a start that failed unanswered meanwhile would be WAITING again. What is at
        # Ecwid is not locked: the worker writes those rows, many at once, in an order of its own.
        waiting = CloneJob.objects.filter(pk__in=ids, status=JobStatus.WAITING).order_by("pk")
        locked = set(waiting.select_for_update(no_key=True).values_list("pk", flat=True))
        found = list(CloneJob.objects.filter(pk__in=ids).select_related("target").order_by("pk"))
        wanted = [job for job in found if job.pk in locked and job.can_be_canceled]
        done = advance_many((_change(job, creations, note) for job in wanted), at=now, actor=user)
    canceled = [job for job in wanted if job.pk in done]
    return Cancellation(canceled, [LeftOut(job, _reason(job)) for job in found if job.pk not in done])


def _live_creations(jobs: QuerySet[CloneJob]) -> QuerySet[StoreCreation]:
    """Select what is under way to create the stores that `jobs` wait for."""
    return StoreCreation.objects.filter(finished_at=None, target__in=jobs.order_by().values("target"))


def _locked_creations(ids: list[int]) -> dict[int, StoreCreation]:
    """Lock them, before the jobs as everywhere else, and return them by their target's id."""
    live = _live_creations(CloneJob.objects.filter(pk__in=ids, status=JobStatus.WAITING))
    rows = live.order_by("pk").select_for_update(no_key=True)
    return {row.target_id: row for row in rows}


def _change(job: CloneJob, creations: Mapping[int, StoreCreation], note: str) -> Change:
    creation = creations.get(job.target_id)
    if creation is not None and not _is_surely_unsent(creation):
        note = f"{note} {MAY_COME}"
    return Change(job, JobStatus.CANCELED, note=note)


def _is_surely_unsent(creation: StoreCreation) -> bool:
    """Tell the same as _SURELY_UNSENT."""
    is_stuck = creation.status == CreationStatus.NEEDS_PERSON and creation.unanswered_since is None
    return is_stuck or creation.status == CreationStatus.WAITING


def _reason(job: CloneJob) -> str:
    if job.is_terminal:
        return _ENDED.format(JobStatus(job.status).label.lower())
    if job.status == JobStatus.WAITING:
        return _IN_DOUBT
    return _BEING_SENT if job.status == JobStatus.SUBMITTING else _AT_ECWID
