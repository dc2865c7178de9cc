"""Which clones may be asked for again: the one place that decides it, for the operation and for pages that offer it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Q

from clones.choices import CREATION_GONE, ENDED_BADLY, FailureKind, JobStatus, SiteStatus
from clones.models import CloneJob, SiteClone, StoreCreation, TargetStore

SITE_WANTS_A_PERSON: Final = (SiteStatus.FAILED, SiteStatus.NEEDS_PERSON)


class Obstacle(StrEnum):
    """A kind of reason against a retry, in words."""

    STATUS = "Neither failed nor canceled"
    SITE = "Completed, only the Instant Site did not"
    ALREADY = "Retried already"
    BUSY = "Another clone into the same store is under way"
    ARCHIVED = "Its template store or target store is archived"
    HAS_STORE = "A store for its e-mail was created since"
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
    if job.failure_kind == FailureKind.NO_STORE and job.target.store_id:
        return _has_store(job.target.email, job.target.store_id)
    return None


def refusals(jobs: Sequence[CloneJob]) -> dict[int, Refusal]:
    """Return why some of `jobs`, oldest first, are not retried together, by id. At most five queries.

    Reads template, target and connection of each, so `jobs` come with them. It holds as long as the targets are locked,
    but for what is done over another connection at the same address: the engine looks at that once more.
    """
    later = CloneJob.objects.filter(retry_of__in=[job.pk for job in jobs]).order_by("pk")
    retries = {job.retry_of_id: job for job in later}
    busy = {_place(job): job for job in _active(jobs)}
    found = {job.pk: refusal(job, retries.get(job.pk), busy.get(_place(job))) for job in jobs}
    found |= _only_sites([job for job in jobs if job.is_completed])
    found |= _created_elsewhere([job for job in jobs if not found[job.pk] and not job.target.store_id])
    # Only what is retried itself may stand in for an older one: else neither would be.
    newest = {_place(job): job.pk for job in jobs if not found[job.pk]}
    for job in jobs:
        if not found[job.pk] and newest[_place(job)] != job.pk:
            reason = f"Clone {newest[_place(job)]} into the same store is retried instead."
            found[job.pk] = Refusal(Obstacle.NEWER, reason)
    return {pk: why for pk, why in found.items() if why}


def _place(job: CloneJob) -> tuple[str, str]:
    """Return what is the same for all clones into one store, over whichever connection at its address."""
    return job.connection.api_url, job.target.store_id or job.target.email


def _active(jobs: Iterable[CloneJob]) -> Iterable[CloneJob]:
    """Return the active clones into the stores of `jobs`, and some more."""
    targets, addresses = [job.target for job in jobs], {job.connection.api_url for job in jobs}
    there = Q(store_id__in={target.store_id for target in targets} - {""})
    there |= Q(store_id="", email__in={target.email for target in targets} - {""})
    stores = TargetStore.objects.filter(there, connection__api_url__in=addresses).order_by()
    return CloneJob.objects.active().filter(target__in=stores).select_related("target", "connection")


def _only_sites(completed: Sequence[CloneJob]) -> dict[int, Refusal]:
    """Say of completed clones that their Instant Site can be tried again without them."""
    if not completed:
        return {}
    sites = SiteClone.objects.filter(job__in=completed, status__in=SITE_WANTS_A_PERSON)
    reason = "Its clone completed, only its Instant Site did not: try the site again on the clone's own page."
    return {pk: Refusal(Obstacle.SITE, reason) for pk in sites.values_list("job_id", flat=True)}


def _created_elsewhere(storeless: Sequence[CloneJob]) -> dict[int, Refusal]:
    """Refuse those whose e-mail has a store under another target, or gets one there, whichever the connection."""
    found: dict[int, Refusal] = {}
    if not storeless:
        return found
    by_email = {(row.connection.api_url, row.email): row for row in _living(storeless)}
    for job in storeless:
        creation = by_email.get((job.connection.api_url, job.target.email))
        if creation is not None and creation.target_id != job.target_id:
            found[job.pk] = _has_store(creation.email, creation.target.store_id)
    return found


def _living(jobs: Iterable[CloneJob]) -> Iterable[StoreCreation]:
    rows = StoreCreation.objects.filter(email__in={job.target.email for job in jobs})
    return rows.exclude(status__in=CREATION_GONE).select_related("target", "connection")


def _has_store(email: str, store_id: str) -> Refusal:
    known = f"Store {store_id} was created for {email} since: start a clone into it by its ID, if it is still empty."
    return Refusal(
        Obstacle.HAS_STORE, known if store_id else f"A store for {email} is being created for another clone."
    )
