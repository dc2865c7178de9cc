"""What a person reads before several clones are retried or canceled: which ones, what is left out, what to see to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from clones.choices import ENDED_BADLY, FailureKind, JobStatus
from clones.failures import Failure, failure_of
from clones.models import CloneJob
from clones.operations.left_out import LeftOut
from clones.operations.retriable import Obstacle, refusals

MOST_NAMED: Final = 3  # of each reason, on a page that may be about thousands

IS_RETRIED: Final = Q(status__in=ENDED_BADLY)
IS_CANCELED: Final = Q(status=JobStatus.WAITING, unanswered_since=None)

# What `refusals` and the page read of each: there may be thousands.
_COLUMNS: Final = (
    "status",
    "retry_of",
    "failure_kind",
    "connection__api_url",
    "target__email",
    *(
        f"{store}__{column}"
        for store, name in (("template", "name"), ("target", "label"))
        for column in ("store_id", "archived_at", name)
    ),
)


@dataclass(frozen=True)
class Failures:
    """How many of the clones failed in one way: what to see to before they are retried."""

    failure: Failure
    count: int


@dataclass(frozen=True)
class Obstructed:
    """The clones that one kind of reason keeps from a retry; `named` are the first of them."""

    obstacle: Obstacle
    count: int
    named: Sequence[LeftOut]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.named)


def retriable(ids: Sequence[int]) -> tuple[list[int], list[Obstructed]]:
    """Tell which of these clones a retry would take now, in their order, and what it would leave out. Three queries."""
    rows = CloneJob.objects.filter(pk__in=ids).select_related("target", "template", "connection").only(*_COLUMNS)
    jobs = list(rows.order_by("pk"))
    refused = refusals(jobs)
    groups: dict[Obstacle, list[LeftOut]] = defaultdict(list)
    for job in jobs:
        if job.pk in refused:
            groups[refused[job.pk].obstacle].append(LeftOut(job, refused[job.pk].reason))
    left_out = [Obstructed(why, len(groups[why]), groups[why][:MOST_NAMED]) for why in Obstacle if why in groups]
    return [pk for pk in ids if pk not in refused], left_out


def failures(jobs: QuerySet[CloneJob]) -> list[Failures]:
    """Count the clones that failed, by what is told of them, the most frequent first."""
    rows = jobs.exclude(failure_kind="").order_by("failure_kind", "error_code")
    counts = Counter[Failure]()  # many codes, of which most have no words of their own
    for kind, code, count in rows.values_list("failure_kind", "error_code").annotate(count=Count("*")):
        counts[failure_of(FailureKind(kind), code)] += count
    return [Failures(failure, count) for failure, count in counts.most_common()]


def by_status(jobs: QuerySet[CloneJob]) -> str:
    """Count, in words and by status."""
    counts = dict(jobs.order_by().values_list("status").annotate(Count("pk")))
    return ", ".join(f"{counts[status]:,} “{status.label}”" for status in JobStatus if status in counts)
