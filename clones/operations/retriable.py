"""Which clones may be asked for again: the one place that decides it, for the operation and for pages that offer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clones.choices import ENDED_BADLY, JobStatus
from clones.models import CloneJob


class Obstacle(StrEnum):
    """A kind of reason against a retry, in words."""

    STATUS = "Neither failed nor canceled"
    ALREADY = "Retried already"
    BUSY = "Another clone into the same store is under way"
    ARCHIVED = "Its template store or target store is archived"
    NEWER = "A newer clone into the same store is retried instead"


@dataclass(frozen=True)
class Refusal:
    """Why a clone is not retried: `reason` is one sentence."""

    obstacle: Obstacle
    reason: str


def refusal(job: CloneJob, retry: CloneJob | None, busy: CloneJob | None) -> Refusal | None:
    """Return why `job` alone cannot be retried; None where it can.

    `retry` is a clone that retries it, `busy` an active clone into its target. Reads its template and target.
    """
    status = JobStatus(job.status)
    if status not in ENDED_BADLY:
        reason = f"Its status is “{status.label}”: only failed and canceled clones are retried."
        return Refusal(Obstacle.STATUS, reason)
    if retry is not None:
        reason = f"It was retried already, as clone {retry.pk} ({JobStatus(retry.status).label.lower()})."
        return Refusal(Obstacle.ALREADY, reason)
    if busy is not None:
        return Refusal(Obstacle.BUSY, f"Clone {busy.pk} into the same store is under way.")
    for store in (job.template, job.target):
        if store.archived_at:
            return Refusal(Obstacle.ARCHIVED, f"Store {store} is archived: take it back into use first.")
    return None


def refusals(jobs: Sequence[CloneJob]) -> dict[int, Refusal]:
    """Return why some of `jobs`, oldest first, are not retried together, by id. Two queries.

    Reads template and target of each, so `jobs` come with both. It holds as long as the targets are locked.
    """
    later = CloneJob.objects.filter(retry_of__in=[job.pk for job in jobs]).order_by("pk")
    retries = {job.retry_of_id: job for job in later}
    active = CloneJob.objects.active().filter(target__in={job.target_id for job in jobs})
    busy = {job.target_id: job for job in active}
    found = {job.pk: refusal(job, retries.get(job.pk), busy.get(job.target_id)) for job in jobs}
    # Only what is retried itself may stand in for an older one: else neither would be.
    newest = {job.target_id: job.pk for job in jobs if not found[job.pk]}
    for job in jobs:
        if not found[job.pk] and newest[job.target_id] != job.pk:
            reason = f"Clone {newest[job.target_id]} into the same store is retried instead."
            found[job.pk] = Refusal(Obstacle.NEWER, reason)
    return {pk: why for pk, why in found.items() if why}
