"""What the engine knows of a connection's clones: which run, and how long others like them took lately."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from django.db.models import Count, QuerySet

from clones.choices import AT_ECWID, JobStatus
from clones.engine import pacing
from clones.engine.durations import Durations, bin_of, learn
from clones.models import CloneJob, Connection

FRESH_FOR: Final = timedelta(seconds=2)
LATELY: Final = timedelta(days=90)
ENOUGH: Final = 200  # no more ended clones of a template and scope are learned from

Kind: TypeAlias = tuple[int, str]  # template and scope


@dataclass(frozen=True, slots=True)
class Running:
    """A clone at Ecwid that ran when it was looked at last, at `age` seconds."""

    kind: Kind
    batch_id: int
    age: float


class Outlook:
    """What is to be expected of the clones that run over one connection; learned as far as it is asked for.

    `batch_sizes` tells of how many clones each batch of theirs is.
    """

    def __init__(
        self, running: Sequence[Running], batch_sizes: Mapping[int, int], ended: Callable[[Kind], list[float]]
    ) -> None:
        self._running = len(running)
        self._ages: dict[Kind, list[float]] = defaultdict(list)
        for clone in running:
            self._ages[clone.kind].append(clone.age)
        self.batch_sizes = batch_sizes
        self._ended = ended
        self._durations: dict[Kind, Durations] = {}
        self._pauses: dict[tuple[Kind, int, int, bool], float] = {}

    def durations(self, kind: Kind) -> Durations:
        """Return how long clones of `kind` take."""
        if kind not in self._durations:
            self._durations[kind] = learn(self._ended(kind), self._ages.get(kind, []))
        return self._durations[kind]

    def pause(self, kind: Kind, age: float, rate_limit: int, *, overdue: bool = False) -> float:
        """Return the seconds until a clone that runs at `age` is worth another look; the same for all of that bin."""
        about = (kind, bin_of(age), rate_limit, overdue)
        if about not in self._pauses:
            durations = self.durations(kind)
            self._pauses[about] = pacing.poll_seconds(durations, age, self._running, rate_limit, overdue=overdue)
        return self._pauses[about]


class Outlooks:
    """The outlook for each connection, read again every other second."""

    def __init__(self, read: Callable[[int, datetime], Outlook] | None = None) -> None:
        self._read = read or outlook_for
        self._kept: dict[int, tuple[datetime, Outlook]] = {}

    def of(self, connection_id: int, now: datetime) -> Outlook:
        """Return the outlook, at most FRESH_FOR old."""
        kept = self._kept.get(connection_id)
        if kept and kept[0] <= now < kept[0] + FRESH_FOR:
            return kept[1]
        outlook = self._read(connection_id, now)
        self._kept[connection_id] = now, outlook
        return outlook

    def pause(self, job: CloneJob, now: datetime) -> float:
        """Return the seconds until `job`, which was just seen running, is worth another look."""
        connection: Connection = job.connection
        age = _seconds(job.accepted_at, now) if job.accepted_at else 0.0
        return self.of(connection.pk, now).pause(
            (job.template_id, job.scope), age, connection.rate_limit, overdue=job.overdue_since is not None
        )


def outlook_for(connection_id: int, now: datetime) -> Outlook:
    """Read what runs over a connection; how long others took is read when it is asked for."""
    running = _running(connection_id, now)
    return Outlook(running, _sizes({clone.batch_id for clone in running}), lambda kind: _ended(kind, now))


def _running(connection_id: int, now: datetime) -> list[Running]:
    columns = ("connection", "template", "scope", "batch", "accepted_at", "next_action_at")
    # One that is due may have ended since: it is known to have run until then only.
    return [
        Running((template, scope), batch, _seconds(accepted_at, min(now, due_at or now)))
        for connection, template, scope, batch, accepted_at, due_at in running_at_ecwid().values_list(*columns)
        if connection == connection_id and accepted_at
    ]


def running_at_ecwid() -> QuerySet[CloneJob]:
    """Select what runs at Ecwid. Of all connections: SQLite would read every job that one of them ever had."""
    return CloneJob.objects.active().filter(status__in=AT_ECWID).order_by()


def _sizes(batch_ids: Collection[int]) -> dict[int, int]:
    """Count all clones of the batches, ended ones too: the last few of a big batch are not a small batch."""
    counts = CloneJob.objects.filter(batch__in=batch_ids).order_by().values_list("batch")
    return dict(counts.annotate(size=Count("*")))


def _ended(kind: Kind, now: datetime) -> list[float]:
    times = ended_lately(kind, now).values_list("accepted_at", "finished_at")
    return [_seconds(start, end) for start, end in times if start and end]


def _seconds(start: datetime, end: datetime) -> float:
    """Return the time between, never below 0: two clocks may have written them, or one that was put right."""
    return max(0.0, (end - start).total_seconds())


def ended_lately(kind: Kind, now: datetime) -> QuerySet[CloneJob]:
    """Select the last clones of a template and scope that were completed."""
    template_id, scope = kind
    completed = CloneJob.objects.filter(template=template_id, status=JobStatus.COMPLETED, finished_at__gte=now - LATELY)
    return completed.filter(scope=scope, accepted_at__isnull=False).order_by("-finished_at")[:ENOUGH]
