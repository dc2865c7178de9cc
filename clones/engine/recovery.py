"""What a worker that died left behind, taken up again by whoever is alive."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from clones.choices import JobStatus
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import CloneJob, WorkerBeat

LOST_NOTE = "The worker stopped before Ecwid's answer was kept. The clone may have started: asking again."


def take_back(now: datetime, *, only_stopped: bool = False) -> None:
    """Free the leases that are void; a POST that was in the air counts as unanswered.

    May run on any machine at any time. `only_stopped`: those alone whose worker surely has no process left.
    """
    void = CloneJob.objects.void(now)
    if only_stopped:
        void = void.filter(leased_by__in=WorkerBeat.objects.filter(stopped_at__isnull=False))
    jobs = list(void.only("pk", "lease_token"))
    if jobs:
        with transaction.atomic():
            # Asked of `void` again: somebody may have renewed a lease since it was read.
            _free(void.lock_leased(jobs, skip_locked=True), now, LOST_NOTE)


def give_back(jobs: Collection[CloneJob], now: datetime, note: str) -> None:
    """End the leases under which `jobs` were read, those that still stand; the jobs are due again at once."""
    with transaction.atomic():
        _free(CloneJob.objects.lock_leased(jobs), now, note)


def _free(job_ids: set[int], now: datetime, note: str) -> None:
    """End the leases of rows that the caller has locked."""
    fields = {"next_action_at": now, **LEASE_GIVEN_BACK}
    rows = CloneJob.objects.filter(pk__in=job_ids)
    in_doubt = rows.filter(status=JobStatus.SUBMITTING)
    advance_many((Change(job, JobStatus.WAITING, fields, note=note) for job in in_doubt), at=now)
    rows.exclude(lease_token="").update(**fields)
