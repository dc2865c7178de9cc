"""What was done with a store, as its page tells it: its clones, their totals, how long they usually take."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.http import HttpRequest

from clones.choices import CloneScope, JobStatus
from clones.models import CloneJob
from clones.tables.jobs import JobPages, JobTable
from clones.views.lists import arrange

SAMPLE: Final = 500  # the latest clones say how long the next one takes; older ones were of another catalog
_MOST: Final = 0.95


@dataclass(frozen=True)
class Total:
    """How many of a store's clones have a status."""

    status: JobStatus
    count: int


@dataclass(frozen=True)
class Typical:
    """How long `count` clones of one scope took: half of them at most `half_seconds`, 95 in 100 `most_seconds`."""

    scope: CloneScope
    count: int
    half_seconds: float
    most_seconds: float


def history(
    request: HttpRequest, jobs: QuerySet[CloneJob], *without: str, table_class: type[JobTable] = JobTable
) -> dict[str, Any]:
    """Return a page's context for its list of `jobs`, as the address sorts and pages it, without some columns."""
    counts = dict(jobs.order_by().values_list("status").annotate(count=Count("*")))
    table = table_class(JobPages(jobs, sum(counts.values())), exclude=("pick", *without))
    arrange(request, table)
    return {
        "table": table,
        "total": sum(counts.values()),
        "totals": [Total(status, counts[status]) for status in JobStatus if status in counts],
        "active": any(not row.record.is_terminal for row in table.paginated_rows),
    }


def typical_durations(jobs: QuerySet[CloneJob]) -> list[Typical]:
    """Return what the latest completed ones of `jobs` took, from acceptance to the end, by scope."""
    took: dict[str, list[float]] = defaultdict(list)
    for scope, length in _lengths(jobs):
        took[scope].append(length)
    return [
        Typical(scope, len(lengths), median(lengths), lengths[ceil(_MOST * len(lengths)) - 1])
        for scope, lengths in ((scope, sorted(took[scope])) for scope in CloneScope)
        if lengths
    ]


def _lengths(jobs: QuerySet[CloneJob]) -> Iterator[tuple[str, float]]:
    done = jobs.filter(status=JobStatus.COMPLETED, accepted_at__isnull=False).order_by("-finished_at")
    for scope, accepted_at, finished_at in done.values_list("scope", "accepted_at", "finished_at")[:SAMPLE]:
        if accepted_at and finished_at:
            yield scope, (finished_at - accepted_at).total_seconds()
