"""Batches as tests need them: clones in given states, in the order of their ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

from clones.choices import TERMINAL, CreationStatus, FailureKind, JobStatus
from clones.models import Batch, CloneJob, StoreCreation
from tests.factories import BatchFactory, CloneJobFactory, StoreCreationFactory, TargetStoreFactory, columns

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(minutes=10)


def batch_of(*statuses: JobStatus, **facts: Any) -> tuple[Batch, list[CloneJob]]:
    """Make a batch with a clone in each of these states; those that have ended did so in this order, a second apart."""
    batch = BatchFactory.create(**facts)
    jobs = []
    for place, status in enumerate(statuses):
        ended = {"finished_at": BEFORE + timedelta(seconds=place)} if status in TERMINAL else {}
        jobs.append(CloneJobFactory.create(batch=batch, status=status, created_at=BEFORE, **ended))
    return batch, jobs


def batch_with(*statuses: JobStatus, **facts: Any) -> Batch:
    """Make a batch with a clone in each of these states, each into a store over the batch's connection."""
    batch = BatchFactory.create(**facts)
    for status in statuses:
        target = TargetStoreFactory.create(connection=batch.connection)
        CloneJobFactory.create(batch=batch, target=target, status=status)
    return batch


def canary_of_three(status: JobStatus, **facts: Any) -> tuple[Batch, list[CloneJob]]:
    """Make a batch whose first clone is in this state, while two wait for it."""
    batch, jobs = batch_of(status, JobStatus.WAITING, JobStatus.WAITING, canary=True, **facts)
    CloneJob.objects.filter(pk__in=[job.pk for job in jobs[1:]]).update(next_action_at=None)
    return batch, jobs


def storeless(batch: Batch, status: CreationStatus = CreationStatus.WAITING, **facts: Any) -> CloneJob:
    """Add a clone that waits for its store to be created."""
    creation = StoreCreationFactory.create(connection=batch.connection, status=status, **facts)
    return CloneJobFactory.create(batch=batch, target=creation.target, created_at=BEFORE, next_action_at=None)


def failed(batch: Batch, at: datetime, kind: FailureKind = FailureKind.TARGET, code: str = "FULL") -> CloneJob:
    """Add a clone that failed for this reason."""
    ended = {"status": JobStatus.FAILED, "finished_at": at}
    return CloneJobFactory.create(batch=batch, failure_kind=kind, error_code=code, created_at=BEFORE, **ended)


def due(*jobs: CloneJob) -> list[datetime | None]:
    """Return when each is due."""
    return [columns(job, "next_action_at")["next_action_at"] for job in jobs]


def creation_of(job: CloneJob) -> StoreCreation:
    """Return the latest creation of the clone's store."""
    return StoreCreation.objects.filter(target=job.target_id).latest("pk")
