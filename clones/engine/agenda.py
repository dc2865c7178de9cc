"""Which due job comes first when requests are short: every batch counts alike, however many clones it has.

Looks go by what they are worth (`Durations.worth`), divided by the size of their batch: what is to be small is the sum
over all batches of their mean delay. Starts go round the batches in turn.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple, TypeAlias

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from clones.choices import JobStatus
from clones.engine import caution
from clones.engine.history import Kind, Outlook, Outlooks
from clones.engine.pacing import WORTH_A_LOOK_SECONDS
from clones.models import CloneJob
from clones.models.job import CloneJobQuerySet

FRESH_FOR: Final = timedelta(seconds=1)
AT_MOST: Final = 0.1  # of the time goes into making the order: that of thousands of due jobs is kept for longer
AHEAD: Final = 50  # starts of one batch that are put in order at once


class Start(NamedTuple):
    """A due POST, one of so many that are `waiting` in its batch.

    `in_doubt`: it repeats one whose answer was lost, which must be done soon.
    """

    job_id: int
    batch_id: int
    waiting: int
    in_doubt: bool = False


class Look(NamedTuple):
    """A due look at a clone that ran at `age`, when it became due, `seconds` ago."""

    job_id: int
    batch_id: int
    kind: Kind
    age: float
    seconds: float


class Entry(NamedTuple):
    """A job's place in the order."""

    job_id: int
    batch_id: int
    starts: bool
    worth: float


Due: TypeAlias = tuple[list[Start], list[Look]]  # the starts of each batch in their order
Reader: TypeAlias = Callable[[int, datetime], Due]


class Agenda:
    """The due jobs of each connection in the order in which they get their requests, made anew every second or so."""

    def __init__(
        self, outlooks: Outlooks, read: Reader | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._outlooks = outlooks
        self._read = read or due_jobs
        self._monotonic = monotonic
        self._entries: dict[int, deque[Entry]] = {}
        self._made_at: dict[int, datetime] = {}
        self._fresh_for: dict[int, timedelta] = {}
        self._rests_until: dict[int, datetime] = {}  # where nothing stood in it, though thousands may be due
        self._started_last: dict[int, bool] = {}
        self._turn = 0
        self._turns: dict[int, int] = {}  # the last turn of each batch

    def next_jobs(self, connection_id: int, count: int, now: datetime) -> list[int]:
        """Take the ids of the next `count` jobs; fewer where the order has come to its end."""
        entries = self.prepared(connection_id, now)
        taken = [entries.popleft() for _ in range(min(count, len(entries)))]
        for entry in taken:
            self._started_last[connection_id] = entry.starts
            if entry.starts:
                self._turn += 1
                self._turns[entry.batch_id] = self._turn
        return [entry.job_id for entry in taken]

    def prepared(self, connection_id: int, now: datetime) -> deque[Entry]:
        """Return the order of a connection, made anew where it is old or at its end.

        Thousands of due jobs take a moment: ask for it before anything is locked.
        """
        made_at, entries = self._made_at.get(connection_id), self._entries.get(connection_id)
        if entries is not None and made_at is not None and made_at <= now < self._rests_until.get(connection_id, now):
            return entries
        if not entries or made_at is None or not made_at <= now < made_at + self._fresh_for[connection_id]:
            began = self._monotonic()
            entries = self._entries[connection_id] = self._make(connection_id, now)
            took = timedelta(seconds=self._monotonic() - began)
            self._made_at[connection_id], self._fresh_for[connection_id] = now, max(FRESH_FOR, took / AT_MOST)
            self._rests_until[connection_id] = now if entries else now + took / AT_MOST
        return entries

    def end_rest(self, connection_id: int) -> None:
        """Look again where nothing stood in the order: an answer to a POST may have made room for more of its batch."""
        self._rests_until.pop(connection_id, None)

    def forget(self, connection_id: int) -> None:
        """Make the order of a connection anew when it is asked for next: another worker has taken jobs of it."""
        self._entries.pop(connection_id, None)

    def _make(self, connection_id: int, now: datetime) -> deque[Entry]:
        starts, looks = self._read(connection_id, now)
        look_first = self._started_last.get(connection_id, False)
        by_worth = in_order_of_worth(looks, self._outlooks.of(connection_id, now)) if looks else []
        return deque(merged(in_turn(starts, self._turns), by_worth, look_first=look_first))


def in_turn(starts: Iterable[Start], turns: Mapping[int, int]) -> list[Entry]:
    """Put doubts first, then the first start of each batch, then the second …; and first whose turn was longest ago."""
    seen: Counter[int] = Counter()
    keyed = []
    for start in starts:
        seen[start.batch_id] += 1
        keyed.append(((not start.in_doubt, seen[start.batch_id], turns.get(start.batch_id, 0)), start))
    keyed.sort(key=itemgetter(0))
    return [Entry(one.job_id, one.batch_id, True, WORTH_A_LOOK_SECONDS / one.waiting) for _, one in keyed]


def in_order_of_worth(looks: Iterable[Look], outlook: Outlook) -> list[Entry]:
    """Put those first whose clone is probably over, and has been for long, and those of small batches."""
    entries = []
    for look in looks:
        worth = outlook.durations(look.kind).worth(look.age, look.seconds)
        entries.append(Entry(look.job_id, look.batch_id, False, worth / outlook.batch_sizes.get(look.batch_id, 1)))
    return sorted(entries, key=attrgetter("worth"), reverse=True)


def merged(starts: list[Entry], looks: list[Entry], *, look_first: bool) -> Iterator[Entry]:
    """Take starts and looks alternately, so that neither waits for all of the other; but no look of little worth."""
    start_queue, look_queue = deque(starts), deque(looks)
    while start_queue and look_queue:
        if look_first and look_queue[0].worth >= start_queue[0].worth:
            yield look_queue.popleft()
            look_first = False
        else:
            yield start_queue.popleft()
            look_first = True
    yield from start_queue
    yield from look_queue


def due_jobs(connection_id: int, now: datetime) -> Due:
    """Read what is due over a connection."""
    due = CloneJob.objects.due(now).filter(connection=connection_id)
    return _starts(due, now), _looks(due, now)


def _starts(due: CloneJobQuerySet, now: datetime) -> list[Start]:
    rows = next_starts(due)
    starts = (Start(pk, batch, waiting, unanswered is not None) for pk, batch, waiting, unanswered in rows)
    return with_caution(starts, now)


def with_caution(starts: Iterable[Start], now: datetime) -> list[Start]:
    """Leave out what a batch must not send yet. What repeats a lost answer is sent all the same."""
    found = list(starts)
    rooms = caution.rooms({start.batch_id for start in found if not start.in_doubt}, now)
    chosen = []
    for start in found:
        if not start.in_doubt:
            if rooms[start.batch_id] <= 0:
                continue
            rooms[start.batch_id] -= 1
        chosen.append(start)
    return chosen


def next_starts(due: CloneJobQuerySet) -> "QuerySet[CloneJob, tuple[int, int, int, datetime | None]]":
    """Select the next ones of each batch: id, batch, how many wait there, since when an answer is missing."""
    in_doubt_first = F("unanswered_since").asc(nulls_last=True)
    place = Window(RowNumber(), partition_by="batch", order_by=(in_doubt_first, "next_action_at", "pk"))
    waiting = Window(Count("*"), partition_by="batch")
    in_place = due.filter(status=JobStatus.WAITING).annotate(place=place, waiting=waiting).filter(place__lte=AHEAD)
    return in_place.values_list("pk", "batch", "waiting", "unanswered_since")


def _looks(due: CloneJobQuerySet, now: datetime) -> list[Look]:
    rows = due.exclude(status=JobStatus.WAITING)
    columns = rows.values_list("pk", "batch", "template", "scope", "accepted_at", "next_action_at")
    return [
        Look(pk, batch, (template, scope), max(0.0, _seconds(accepted_at, due_at)), _seconds(due_at, now))
        for pk, batch, template, scope, accepted_at, due_at in columns
    ]


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() if start and end else 0.0
