"""Canceling clones that Ecwid does not know of yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.choices import JobStatus
from clones.lifecycle import Change, advance_many
from clones.models import CloneJob
from clones.operations.left_out import LeftOut


@dataclass(frozen=True)
class Cancellation:
    """What came of it: the clones that are canceled now, and those that were left alone."""

    canceled: list[CloneJob] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def cancel_jobs(jobs: Iterable[CloneJob], user: User | None = None, *, at: datetime | None = None) -> Cancellation:
    """Cancel those of `jobs` that wait and have nothing unanswered: Ecwid has no cancel call. One transaction.

    A worker that starts one of them at the same instant either comes first, and the clone is left out, or finds it
    canceled and sends nothing. `at`: when it was asked for; None: now.
    """
    with transaction.atomic():
        ids = [job.pk for job in jobs]
        # Locked before it is looked at: a start that failed unanswered meanwhile would be WAITING again. What is at
        # Ecwid is not locked: the worker writes those rows, many at once, in an order of its own.
        locked = CloneJob.objects.filter(status=JobStatus.WAITING).lock(CloneJob.objects.filter(pk__in=ids))
        found = list(CloneJob.objects.filter(pk__in=ids).select_related("target").order_by("pk"))
        wanted = [job for job in found if job.pk in locked and job.can_be_canceled]
        changes = (Change(job, JobStatus.CANCELED, note="Canceled before it was sent to Ecwid.") for job in wanted)
        done = advance_many(changes, at=at or timezone.now(), actor=user)
    left_out = [LeftOut(job, _reason(job)) for job in found if job.pk not in done]
    return Cancellation([job for job in wanted if job.pk in done], left_out)


def _reason(job: CloneJob) -> str:
    if job.is_terminal:
        return f"It has ended already ({JobStatus(job.status).label.lower()})."
    if job.status == JobStatus.WAITING:
        return "Ecwid's answer to its start was lost, so it may be running there: the portal finds out first."
    if job.status == JobStatus.SUBMITTING:
        return "It is being sent to Ecwid, and the answer is not here yet."
    return "Ecwid has it already, and has no cancel call."
