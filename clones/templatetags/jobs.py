"""What the pages say of a job that is no column of it."""

from datetime import timedelta

from django import template
from django.utils import timezone

from clones.choices import Badge, CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.failures import Failure, failure_of
from clones.models import CloneJob

register = template.Library()


@register.filter
def is_running(job: CloneJob) -> bool:
    """Tell whether its time goes on."""
    return job.trying_since is not None and not job.is_terminal


@register.filter
def is_unanswered(job: CloneJob) -> bool:
    """Tell whether the answer to its start got lost: while the POST is out, one is still to come."""
    return job.unanswered_since is not None and job.status == JobStatus.WAITING


@register.filter
def failure(job: CloneJob) -> Failure | None:
    """Return why it failed, in words; None where it did not."""
    return failure_of(FailureKind(job.failure_kind), job.error_code) if job.failure_kind else None


@register.filter
def took(job: CloneJob) -> float | None:
    """Return the seconds from its first POST to its end, or until now; None: there was no POST."""
    if job.trying_since is None:
        return None
    length: timedelta = (job.finished_at or timezone.now()) - job.trying_since
    return length.total_seconds()


@register.filter
def steps(job: CloneJob) -> list[tuple[str, Badge]]:
    """Return the name and the status of each step of a job read `with_steps`; none where the clone is the only one."""
    store, site = getattr(job, "creation_status", None), getattr(job, "site", None)
    clone: tuple[str, Badge] = ("Clone", JobStatus(job.status))
    before: list[tuple[str, Badge]] = [("Store", CreationStatus(store))] if store else []
    after: list[tuple[str, Badge]] = [("Site", SiteStatus(site.status))] if site else []
    return [*before, clone, *after] if before or after else []
