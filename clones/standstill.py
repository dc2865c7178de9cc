"""What keeps clones from going on, as pages tell it above everything else: no worker, or a connection that stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from clones.choices import JobStatus
from clones.models import CloneJob, Connection, WorkerBeat


@dataclass(frozen=True)
class Standstill:
    """Something that keeps clones from going on: no worker, or a connection that is paused or stopped.

    `waiting` clones are not sent, and nobody looks at the `running` ones: Ecwid goes on with what it has.
    """

    waiting: int
    running: int
    connection: Connection | None = None
    beat: WorkerBeat | None = None


def all_connections() -> list[Connection]:
    """Return every connection, with who paused it. One query."""
    return list(Connection.objects.select_related("paused_by"))


def standstills(connections: Sequence[Connection], now: datetime, *, works: bool | None = None) -> list[Standstill]:
    """Return what stands still at `now`; nothing where there is no connection yet.

    `works`: whether a worker beats, where that was read already. One query where all is well and it was not.
    """
    if not connections:
        return []
    stopped = [each for each in connections if each.is_stopped(now)]
    if works is None:
        works = WorkerBeat.objects.alive(now).exists()
    if works and not stopped:
        return []
    active = _active_by_connection()
    found = [Standstill(*active.get(each.pk, (0, 0)), connection=each) for each in stopped]
    if works:
        return found
    waiting, running = (sum(counts[place] for counts in active.values()) for place in (0, 1))
    return [Standstill(waiting, running, beat=WorkerBeat.objects.order_by("-beat_at").first()), *found]


def _active_by_connection() -> dict[int, tuple[int, int]]:
    """Return how many clones of each connection wait, and how many are under way. One query."""
    waits = Q(status=JobStatus.WAITING)
    rows = CloneJob.objects.active().order_by().values_list("connection")
    counted = rows.annotate(waiting=Count("pk", filter=waits), running=Count("pk", filter=~waits))
    return {pk: (waiting, running) for pk, waiting, running in counted}


def token(*, works: bool, stopped: int) -> str:
    """Return a text that changes when the standstills do; `stopped` sums up which connections stand, and why."""
    return f"{works:d}-{stopped}"


def token_of(stops: Iterable[Standstill]) -> str:
    """Return the token of what `standstills` found."""
    found = list(stops)
    works = all(stop.connection for stop in found)
    return token(works=works, stopped=sum(_number(stop.connection) for stop in found if stop.connection))


def _number(connection: Connection) -> int:
    """Tell a connection that was paused from one that was stopped, and from other connections."""
    return 2 * connection.pk + bool(connection.paused_at)


def token_columns(now: datetime) -> dict[str, Any]:
    """Return what `token` takes as columns for any query: evaluated once, so that an unchanged page costs no more."""
    stopped = Connection.objects.stopped(now).order_by().annotate(all=Value(1)).values("all")
    numbers = 2 * Sum("pk") + Count("paused_at")  # the sum of what `_number` has
    return {
        "works": Exists(WorkerBeat.objects.alive(now)),
        "stopped": Coalesce(Subquery(stopped.annotate(sum=numbers).values("sum")), 0),
    }
