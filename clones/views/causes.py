"""Why clones of a batch failed: grouped by cause, with what to do about each and the first stores of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import urlencode

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from clones.choices import FailureKind, HoldReason, JobStatus, SiteStatus
from clones.failures import Failure, failure_of
from clones.models import Batch, CloneJob, SiteClone
from clones.progress import unretried

MOST_CAUSES: Final = 6
MOST_NAMED: Final = 5  # stores of each cause

_SITES_WRONG: Final = (SiteStatus.FAILED, SiteStatus.NEEDS_PERSON)


@dataclass(frozen=True)
class Cause:
    """The clones that failed in one way; `jobs` are the first of them, with their targets."""

    kind: FailureKind
    code: str
    count: int
    jobs: Sequence[CloneJob]

    @property
    def failure(self) -> Failure:
        """What happened and what to do."""
        return failure_of(self.kind, self.code)

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.jobs)

    @property
    def query(self) -> str:
        """The filters of the list of clones that leave these, but for the batch."""
        code = [("code", self.code)] if self.code else []
        return urlencode([("status", JobStatus.FAILED.value), ("failure", self.kind.value), *code])


def causes(batch_id: int) -> list[Cause]:
    """Return why clones of this batch failed that nobody asked for again, the most frequent cause first.

    One query, and one for the clones that are named: of the first MOST_CAUSES only, since each may have its own.
    """
    alike = [F("failure_kind"), F("error_code")]
    failed = unretried(CloneJob.objects.filter(batch_id=batch_id, status=JobStatus.FAILED))
    placed = failed.annotate(
        place=Window(RowNumber(), partition_by=alike, order_by="pk"), alike=Window(Count("*"), partition_by=alike)
    )
    first = placed.filter(place__lte=MOST_NAMED).order_by("-alike", "failure_kind", "error_code", "pk")
    groups: dict[tuple[str, str, int], list[int]] = {}
    for kind, code, count, pk in first.values_list("failure_kind", "error_code", "alike", "pk"):
        groups.setdefault((kind, code, count), []).append(pk)
    named = chain.from_iterable(list(groups.values())[:MOST_CAUSES])
    jobs = CloneJob.objects.select_related("target").in_bulk(list(named))
    return [
        Cause(FailureKind(kind), code, count, [jobs[pk] for pk in ids if pk in jobs])
        for (kind, code, count), ids in groups.items()
    ]


def sites_gone_wrong(batch_id: int) -> QuerySet[SiteClone]:
    """Return the Instant Sites of this batch that failed, with their jobs and targets."""
    failed = SiteClone.objects.filter(job__batch=batch_id, status=SiteStatus.FAILED)
    return failed.select_related("job__target").order_by("pk")


@dataclass(frozen=True)
class Hold:
    """Since when a batch is held, why, and the clone that shows the cause; its failure is None where it has none."""

    batch: Batch
    job: CloneJob | None

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        return str(HoldReason(self.batch.hold_reason).label)

    @property
    def failure(self) -> Failure | None:
        """What happened to that clone and what to do about it."""
        job = self.job
        return failure_of(FailureKind(job.failure_kind), job.error_code) if job and job.failure_kind else None

    @property
    def site(self) -> SiteClone | None:
        """The site of that clone where it is what went wrong."""
        site: SiteClone | None = getattr(self.job, "site", None)
        return site if site and site.status in _SITES_WRONG else None

    @classmethod
    def of(cls, batch: Batch) -> "Hold":
        """Find the clone. One query."""
        jobs = batch.jobs.select_related("target", "site")
        if batch.hold_reason == HoldReason.CANARY:
            return cls(batch, jobs.order_by("pk").first())
        return cls(batch, jobs.filter(status=JobStatus.FAILED).order_by("-finished_at", "-pk").first())
