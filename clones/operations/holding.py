"""What a person decides about a batch that is held, or whose first clone is waited for."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.choices import JobStatus
from clones.engine import bell
from clones.engine.holds import canary_of, lift_where_nothing_waits, release
from clones.lifecycle import Change, advance
from clones.models import Batch, CloneJob
from clones.operations.cancel import Cancellation, cancel_jobs
from clones.operations.errors import InvalidRequestError


@dataclass(frozen=True)
class Continuation:
    """What came of it: how many clones and stores to be created go on."""

    batch: Batch
    released: int


def continue_batch(batch: Batch, user: User | None = None, *, at: datetime | None = None) -> Continuation:
    """Let the rest of a held batch go on; failures until now hold it no more. One transaction.

    Raises InvalidRequestError where it is not held (any more): of two people, one continues it.
    """
    now = at or timezone.now()
    with transaction.atomic():
        row = _locked(batch)
        if row.held_since is None:
            raise InvalidRequestError("This batch is not held: it goes on by itself, or somebody has decided already.")
        row.held_since, row.hold_reason, row.continued_at = None, "", now
        if row.canary and row.released_at is None:
            row.released_at = now
        row.save(update_fields=["held_since", "hold_reason", "continued_at", "released_at"])
        released = release(row, now)
        _remark(row, f"The batch was continued: {released:,} that waited go on.", now, user)
        transaction.on_commit(bell.ring_all)
    return Continuation(row, released)


def cancel_rest(batch: Batch, user: User | None = None, *, at: datetime | None = None) -> Cancellation:
    """Cancel all that waits of a batch. What cannot be stopped is left out, each with its reason. One transaction."""
    now = at or timezone.now()
    with transaction.atomic():
        row = _locked(batch)
        came = cancel_jobs(CloneJob.objects.filter(batch=row, finished_at=None).only("pk"), user, at=now)
        lift_where_nothing_waits(row)
    return came


def _locked(batch: Batch) -> Batch:
    return Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)


def _remark(batch: Batch, note: str, now: datetime, user: User | None) -> None:
    """Add a line to the history of the clone that the batch was held for, or else of its first one."""
    ended = CloneJob.objects.filter(batch=batch, finished_at__isnull=False).exclude(status=JobStatus.CANCELED)
    job = ended.order_by("-finished_at", "-pk").first() or canary_of(batch)
    advance(Change(job, JobStatus(job.status), note=note), at=now, actor=user)
