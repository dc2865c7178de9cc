"""The portal's figures in Prometheus' text format. All come from the database: every web process tells the same.

What each means, and what to do about it, tells docs/operations/monitoring.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, product
from typing import Any, Final

from django.db.models import Count, F, Max, Min, Q, QuerySet
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from clones.choices import TERMINAL, BlockReason, FailureKind, JobStatus
from clones.engine import bell, budget
from clones.engine.tally import BEYOND, BUCKETS, OUTCOMES, CallKind
from clones.models import (
    Batch,
    CloneJob,
    Connection,
    Counted,
    Counter,
    WorkerBeat,
    needing_site,
    needing_store,
)

LATELY: Final = timedelta(hours=1)


def exposition(now: datetime) -> bytes:
    """Return all figures as they are at `now`. Ten queries, and the queue is asked once for each worker.

    Raises DatabaseError.
    """
    return generate_latest(_Collector(now))


@dataclass(frozen=True)
class _Collector:
    """What the library asks for figures."""

    now: datetime

    def collect(self) -> Iterator[Metric]:
        """Yield each figure with all of its samples."""
        connections = list(Connection.objects.order_by("name"))
        yield from _jobs(self.now)
        yield from _waiting(connections, self.now)
        yield from _wanting_a_person(connections)
        yield from _connections(connections, self.now)
        yield from _workers(self.now)
        yield from _counters(connections)


def _gauge(name: str, words: str, labels: Sequence[str], samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _jobs(now: datetime) -> Iterator[Metric]:
    """Yield how many clones there are, and how many ended lately. Two queries."""
    counts = dict(CloneJob.objects.order_by().values_list("status").annotate(count=Count("*")))
    words = "Clones by status, as the list of clones counts them."
    yield _gauge("portal_jobs", words, ["status"], [((status,), counts.get(status, 0)) for status in JobStatus])
    # One column each, because SQLite walks through all clones ever where it is to group by status.
    columns = {
        **{status.name: Count("pk", filter=Q(status=status)) for status in TERMINAL},
        **{f"kind_{kind.name}": Count("pk", filter=Q(failure_kind=kind)) for kind in FailureKind},
    }
    ended = CloneJob.objects.filter(finished_at__gte=now - LATELY).aggregate(**columns)
    samples = [((status.value,), ended[status.name]) for status in TERMINAL]
    yield _gauge("portal_jobs_ended_last_hour", "Clones that ended within the last hour.", ["status"], samples)
    samples = [((kind.value,), ended[f"kind_{kind.name}"]) for kind in FailureKind]
    yield _gauge("portal_jobs_failed_last_hour", "Those of them that failed, by reason.", ["kind"], samples)


def _waiting(connections: Iterable[Connection], now: datetime) -> Iterator[Metric]:
    """Yield what the engine has to do for each connection, and how late it is. One query."""
    is_due = Q(next_action_at__lte=now, lease_token="")
    columns = {
        "due": Count("pk", filter=is_due),
        "oldest": Min("next_action_at", filter=is_due),
        "overdue": Count("pk", filter=Q(overdue_since__isnull=False)),
        "unanswered": Count("pk", filter=Q(unanswered_since__isnull=False)),
    }
    found = CloneJob.objects.active().order_by().values("connection").annotate(**columns)
    rows = {row["connection"]: dict[str, Any](row) for row in found}
    for row in rows.values():
        row["late"] = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0

    def of(name: str, words: str, column: str) -> Metric:
        samples = [((each.name,), rows.get(each.pk, {}).get(column, 0)) for each in connections]
        return _gauge(name, words, ["connection"], samples)

    yield of("portal_jobs_due", "Clones whose next request should have left by now.", "due")
    yield of("portal_oldest_due_seconds", "For how long the first of them has been due.", "late")
    yield of("portal_jobs_overdue", "Clones that take longer than Ecwid's usually do.", "overdue")
    yield of("portal_jobs_unanswered", "Clones whose start was not answered yet.", "unanswered")


def _wanting_a_person(connections: Iterable[Connection]) -> Iterator[Metric]:
    """Yield what goes on only when a person has seen to it. Three queries."""
    held = _count(Batch.objects.filter(ended_at=None).exclude(held_since=None), "connection")
    samples = [((each.name,), held.get(each.pk, 0)) for each in connections]
    yield _gauge("portal_batches_held", "Batches that wait for somebody's decision.", ["connection"], samples)
    steps = {"store": _count(needing_store(), "connection"), "site": _count(needing_site(), "job__connection")}
    needing = [
        ((each.name, step), counts.get(each.pk, 0)) for each, (step, counts) in product(connections, steps.items())
    ]
    words = "Clones whose store, or whose Instant Site, goes on only when a person has seen to it."
    yield _gauge("portal_steps_needing_person", words, ["connection", "step"], needing)


def _count(rows: QuerySet[Any], connection: str) -> dict[int, int]:
    """Return how many rows there are, by connection."""
    return dict(rows.order_by().values_list(connection).annotate(count=Count("*")))


def _connections(connections: Iterable[Connection], now: datetime) -> Iterator[Metric]:
    """Yield what each connection may send. No query."""
    stopped = [
        ((each.name, reason), float(is_so)) for each in connections for reason, is_so in _reasons(each, now).items()
    ]
    words = "1: nothing is sent over this connection, for this reason."
    yield _gauge("portal_connection_stopped", words, ["connection", "reason"], stopped)
    limits = [((each.name,), each.rate_limit) for each in connections]
    yield _gauge("portal_rate_limit", "Requests a minute that Ecwid allows.", ["connection"], limits)
    left = [
        ((each.name,), budget.bucket_level(each.bucket_level, each.bucket_at, now, each.rate_limit))
        for each in connections
    ]
    words = "Requests that may leave at this moment; at most a second's worth, below 0 while there is a debt."
    yield _gauge("portal_budget_left", words, ["connection"], left)


def _reasons(connection: Connection, now: datetime) -> dict[str, bool]:
    """Tell for each reason whether it stops the connection. A refused key does until Ecwid has taken it again."""
    return {
        "paused": connection.paused_at is not None,
        "rate_limited": connection.block_reason == BlockReason.RATE_LIMITED and connection.is_blocked(now),
        "key_refused": connection.block_reason == BlockReason.CREDENTIALS,
    }


def _workers(now: datetime) -> Iterator[Metric]:
    """Yield how many workers beat, and how it stands with their queues. Two queries, and those of the queue."""
    queues = list(WorkerBeat.objects.alive(now).values_list("queue", flat=True))
    yield _gauge("portal_workers", "Workers that beat.", (), [((), len(queues))])
    latest = WorkerBeat.objects.filter(beat_at__gt=F("started_at")).aggregate(at=Max("beat_at"))["at"]
    seconds = [((), max(0.0, (now - latest).total_seconds()))] if latest else []
    yield _gauge("portal_last_beat_seconds", "Since the last beat of any worker; absent before the first.", (), seconds)
    bells = bell.bells_waiting(queues)
    yield _gauge("portal_queue_up", "1: the queue (Redis, or the database) answers.", (), [((), bells is not None)])
    samples = [((), float(bells))] if bells is not None else []
    yield _gauge("portal_queue_bells", "Bells that wait; one for each worker at most, unless it is stuck.", (), samples)


def _counters(connections: Iterable[Connection]) -> Iterator[Metric]:
    """Yield what the workers have counted, 0 where there was nothing yet. One query."""
    found: dict[tuple[int, str, str], dict[str, float]] = defaultdict(dict)
    for pk, name, call, part, value in Counter.objects.values_list("connection_id", "name", "call", "part", "value"):
        found[pk, name, call][part] = value
    requests = CounterMetricFamily(
        "portal_requests", "Requests by what was asked and what came.", labels=["connection", "call", "outcome"]
    )
    for each, call, outcome in product(connections, CallKind, OUTCOMES):
        requests.add_metric([each.name, call, outcome], found[each.pk, Counted.REQUESTS, call].get(outcome, 0.0))
    yield requests
    words = "How long after they were due requests left."
    late = [
        ([each.name, call], found[each.pk, Counted.LATENESS, call])
        for each, call in product(connections, (CallKind.START, CallKind.LOOK))
    ]
    yield _histogram("portal_lateness_seconds", words, ["connection", "call"], late)
    words = "Between the last look that found a clone running and the one that found its end: its true lag is shorter."
    ends = [([each.name], found[each.pk, Counted.END_SEEN, CallKind.LOOK]) for each in connections]
    yield _histogram("portal_end_seen_seconds", words, ["connection"], ends)


def _histogram(
    name: str, words: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Mapping[str, float]]]
) -> Metric:
    """Return buckets as Prometheus has them, each with all that the smaller ones hold."""
    family = HistogramMetricFamily(name, words, labels=labels)
    limits = [*(f"{limit:g}" for limit in BUCKETS), BEYOND]
    for values, parts in rows:
        counts = accumulate(parts.get(limit, 0.0) for limit in limits)
        family.add_metric(values, list(zip(limits, counts, strict=True)), parts.get(Counter.SUM, 0.0))
    return family
