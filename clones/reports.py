"""Figures over many clones, as the dashboard tells them: what runs, what wants a person, what came of the last days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain
from typing import Any, Final

from django.db.models import Case, Count, Max, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from clones.choices import ECWIDS_WORDS, TERMINAL, BatchState, JobStatus, SiteStatus
from clones.models import (
    Batch,
    CloneJob,
    Connection,
    EntityMapping,
    SiteClone,
    TemplateStore,
    WorkerBeat,
    needing_person,
)
from clones.models.job import LATELY
from clones.progress import Progress, with_progress
from clones.standstill import all_connections

DAYS: Final = LATELY.days
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
    dates = [today - timedelta(days=number) for number in reversed(range(days))]
    starts = [datetime.combine(day, datetime.min.time(), zone) for day in dates]
    # The number of the day: to ask SQLite for its date would call Python for each row.
    number = Case(*(When(finished_at__gte=start, then=place) for place, start in reversed([*enumerate(starts)])))
    ended = CloneJob.objects.filter(finished_at__gte=starts[0]).order_by()
    # One column each, because SQLite walks through all clones ever where it is to group by status.
    columns = {status.value: Count("pk", filter=Q(status=status)) for status in TERMINAL}
    found = {row["day"]: row for row in ended.annotate(day=number).values("day").annotate(**columns)}
    return [Day(day, _counts(found.get(place, {}))) for place, day in enumerate(dates)]


def _counts(row: Mapping[str, Any]) -> dict[JobStatus, int]:
    return {status: row[status.value] for status in TERMINAL if row.get(status.value)}


def lately_failed(now: datetime) -> QuerySet[CloneJob]:
    """Clones that failed within the last days and that nobody asked for again, the latest first."""
    return CloneJob.objects.lately_failed(now).order_by("-finished_at")


def lately_finished() -> QuerySet[CloneJob]:
    """Clones in the order of their ends, the latest first."""
    return CloneJob.objects.filter(finished_at__isnull=False).order_by("-finished_at")


def open_batches() -> tuple[list[tuple[Batch, Progress]], list[tuple[Batch, Progress]]]:
    """Return the batches that wait for somebody's decision, longest held first, and the newest with active clones.

    Each with how far it is. Three queries.
    """
    active = CloneJob.objects.active().order_by().values("batch_id").distinct()
    batches = Batch.objects.select_related("template", "connection")
    held = [*batches.exclude(held_since=None).filter(ended_at=None).order_by("held_since")[:SHOWN]]
    running = [*batches.filter(pk__in=active)[:SHOWN]]
    found = with_progress([*held, *running])
    waiting = [each for each in found[: len(held)] if each[1].state is BatchState.HELD]
    return waiting, found[len(held) :]


def wanting_person() -> QuerySet[CloneJob]:
    """Clones whose store or whose Instant Site goes on only when a person has seen to it, the oldest first."""
    return needing_person(CloneJob.objects.all()).order_by("pk")


def held_up() -> QuerySet[CloneJob]:
    """Active clones that take longer than they should, whose start was never answered, or that Ecwid tells oddly of."""
    late = Q(overdue_since__isnull=False) | Q(unanswered_since__isnull=False, status=JobStatus.WAITING)
    odd = Q(ticket_unknown_since__isnull=False) | ~Q(remote_status__in=("", *ECWIDS_WORDS))
    return CloneJob.objects.active().filter(late | odd).order_by("created_at")


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


@dataclass(frozen=True)
class Glance:
    """What tells whether the dashboard has changed, and is shown there too.

    `token`: a text that changes when jobs, held batches, workers or connections do. `active`: how many clones have
    each active status.
    """

    token: str
    active: dict[JobStatus, int]
    workers: list[WorkerBeat]
    connections: list[Connection]

    @classmethod
    def at(cls, now: datetime) -> "Glance":
        """Look. Five queries."""
        # Two, because SQLite reads a largest value from an index only where nothing else is asked for.
        ended = CloneJob.objects.aggregate(at=Max("finished_at"))["at"]
        by_status = CloneJob.objects.active().order_by("status").values_list("status")
        active = list(by_status.annotate(count=Count("*"), version=Sum("version"), newest=Max("pk")))
        workers = list(WorkerBeat.objects.alive(now))
        connections = all_connections()
        stops = [(each.pk, bool(each.paused_at), each.is_blocked(now)) for each in connections]
        parts = (ended and ended.timestamp(), *chain(*active), *chain(*_wanted()), *(beat.pk for beat in workers))
        token = "-".join(map(str, (*parts, *chain(*stops), f"{timezone.localdate(now):%j}")))
        return cls(token, {JobStatus(status): count for status, count, *_ in active}, workers, connections)


def _wanted() -> list[tuple[str, int]]:
    """Return the held batches and the Instant Sites that want a person: an active clone's version tells the rest."""
    held = Batch.objects.exclude(held_since=None).filter(ended_at=None).order_by()
    sites = SiteClone.objects.filter(finished_at=None, status=SiteStatus.NEEDS_PERSON).order_by()
    batches = held.annotate(what=Value("held")).values_list("what", "pk")
    return sorted(batches.union(sites.annotate(what=Value("site")).values_list("what", "pk"), all=True))
