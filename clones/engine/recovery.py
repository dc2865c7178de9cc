"""What a worker that died left behind, taken up again by whoever is alive."""

from datetime import datetime

from django.db.models import Q

from clones.choices import JobStatus
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import CloneJob, WorkerBeat

LOST_NOTE = "The worker stopped before Ecwid's answer was kept. The clone may have started: asking again."


def take_back(now: datetime) -> None:
    """Free the leases that are void; a POST that was in the air counts as unanswered.

    May run on any machine at any time.
    """
    void = CloneJob.objects.exclude(lease_token="").filter(
        Q(leased_until__lte=now) | Q(leased_by__in=WorkerBeat.objects.dead(now))
    )
    jobs = list(void.only("pk", "status", "lease_token"))
    for token in {job.lease_token for job in jobs}:
        give_back([job for job in jobs if job.lease_token == token], now, token, LOST_NOTE)


def give_back(jobs: list[CloneJob], now: datetime, lease_token: str, note: str) -> None:
    """End the leases of `jobs` under `lease_token`, which are due again at once."""
    fields = {"next_action_at": now, **LEASE_GIVEN_BACK}
    submitting = [job for job in jobs if job.status == JobStatus.SUBMITTING]
    advance_many(
        (Change(job, JobStatus.WAITING, fields, note=note) for job in submitting), at=now, lease_token=lease_token
    )
    others = [job.pk for job in jobs if job.status != JobStatus.SUBMITTING]
    CloneJob.objects.filter(pk__in=others, lease_token=lease_token).update(**fields)
