"""Figures over many clones, as the dashboard tells them: what runs, what wants a person, what came of the last days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from clones.choices import ACTIVE, JobStatus
from clones.models import Batch, CloneJob, Connection, EntityMapping, TemplateStore, WorkerBeat
from clones.progress import Progress, with_progress

DAYS: Final = 14
SHOWN: Final = 8  # lines in a panel


@dataclass(frozen=True)
class Day:
    """How many clones ended on a day of the person's calendar, by how they ended."""

    date: date
    counts: dict[JobStatus, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All that ended."""
        return sum(self.counts.values())


def last_days(now: datetime, zone: tzinfo, days: int = DAYS) -> list[Day]:
    """Return the last `days` days up to today in `zone`, the empty ones too. One query."""
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    start = datetime.combine(first, datetime.min.time(), zone)
    ended = CloneJob.objects.filter(finished_at__gte=start).order_by()
    rows = ended.annotate(day=TruncDate("finished_at", tzinfo=zone)).values_list("day", "status").annotate(Count("pk"))
    found: dict[date, dict[JobStatus, int]] = {}
    for day, status, count in rows:
        found.setdefault(day, {})[JobStatus(status)] = count
    return [Day(day, found.get(day, {})) for day in (first + timedelta(days=number) for number in range(days))]


def running_batches() -> list[tuple[Batch, Progress]]:
    """Return the newest batches with active clones, and how far each is. Two queries."""
    active = CloneJob.objects.active().order_by().values("batch_id").distinct()
    batches = list(Batch.objects.filter(pk__in=active).select_related("template", "created_by")[:SHOWN])
    return with_progress(batches)


def lately_failed(now: datetime) -> QuerySet[CloneJob]:
    """Clones that failed within the last days and that nobody asked for again, the latest first."""
    retried = CloneJob.objects.filter(retry_of=OuterRef("pk"))
    failed = CloneJob.objects.filter(status=JobStatus.FAILED, finished_at__gte=now - timedelta(days=DAYS))
    return failed.filter(~Exists(retried)).order_by("-finished_at")


def lately_finished() -> QuerySet[CloneJob]:
    """Clones in the order of their ends, the latest first."""
    return CloneJob.objects.filter(finished_at__isnull=False).order_by("-finished_at")


def held_up() -> QuerySet[CloneJob]:
    """Active clones that take longer than they should, or whose start was never answered."""
    stuck = Q(overdue_since__isnull=False) | Q(unanswered_since__isnull=False, status=JobStatus.WAITING)
    return CloneJob.objects.active().filter(stuck).order_by("created_at")


@dataclass(frozen=True)
class FirstStep:
    """A line of the first-use list."""

    words: str
    url: str
    is_done: bool
    for_admins: bool


def first_steps(now: datetime) -> list[FirstStep]:
    """Return what a new portal still needs, in order; an empty list once a clone has completed."""
    if CloneJob.objects.filter(status=JobStatus.COMPLETED).exists():
        return []
    steps = (
        ("Connect the portal with your application at Ecwid", "clones:connection_new", Connection.objects, True),
        (
            "Name a template store that is copied into customers' stores",
            "clones:template_new",
            TemplateStore.objects,
            True,
        ),
        (
            "Start the worker, which does the talking to Ecwid: manage.py worker",
            "",
            WorkerBeat.objects.alive(now),
            True,
        ),
        ("Start the first clone", "clones:job_new", CloneJob.objects, False),
        ("See it completed, and read its old IDs → new IDs", "clones:job_list", EntityMapping.objects, False),
    )
    return [FirstStep(words, url, rows.exists(), for_admins) for words, url, rows, for_admins in steps]


def fingerprint(now: datetime) -> str:
    """Return a text that changes when the dashboard does: jobs, workers, connections. Three queries."""
    jobs = CloneJob.objects.aggregate(newest=Max("pk"), ended=Max("finished_at"))
    active = CloneJob.objects.active().aggregate(count=Count("pk"), version=Sum("version"))
    workers = WorkerBeat.objects.alive(now).order_by("pk").values_list("pk", flat=True)
    stops = [(each.pk, bool(each.paused_at), each.is_blocked(now)) for each in Connection.objects.order_by("pk")]
    ended = jobs["ended"].timestamp() if jobs["ended"] else 0
    parts: Iterable[object] = (jobs["newest"], ended, active["count"], active["version"], *workers, *stops)
    return "-".join(map(str, parts)) + f"-{timezone.localdate(now):%j}"


def active_counts() -> dict[JobStatus, int]:
    """Return how many clones have each active status. One query."""
    rows = CloneJob.objects.filter(status__in=ACTIVE).order_by().values_list("status").annotate(Count("pk"))
    return {JobStatus(status): count for status, count in rows}
