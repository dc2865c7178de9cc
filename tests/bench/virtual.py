"""Clones on a virtual clock: the engine's own budget, order and pauses, and a stand-in for the job table and Ecwid."""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from clones.engine import budget, pacing
from clones.engine.agenda import AHEAD, Agenda, Due, Look, Start
from clones.engine.history import ENOUGH, Kind, Outlook, Outlooks, Running
from clones.engine.tick import STARVED_SECONDS
from clones.models import Connection

RATE_LIMIT: Final = 600
ANSWER_SECONDS: Final = 0.2  # Ecwid sees the request in the middle
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Row(Connection):
    """The connection, in no database."""

    class Meta:
        proxy = True
        app_label = "clones"

    def save(self, **_: Any) -> None:
        """Keep it as it is."""


@dataclass(slots=True)
class Clone:
    """One clone: what is planned, and what became of it; seconds of the virtual clock."""

    number: int
    kind: Kind
    batch_id: int
    launched_at: float
    takes: float
    accepted_at: float = 0.0
    over_at: float = 0.0
    due_at: float = 0.0
    seen_at: float | None = None
    looks: int = 0

    @property
    def lag(self) -> float:
        """For how long it was over unseen."""
        return (self.seen_at or 0.0) - self.over_at


Known = dict[Kind, list[float]]
Planner = Callable[[list[Running], Mapping[int, int], Callable[[Kind], list[float]]], Outlook]


@dataclass
class World:
    """A run of `clones`, paced by the outlooks of `plan`; `known` is how long others took before."""

    clones: list[Clone]
    plan: Planner = Outlook
    known: Known = field(default_factory=dict)
    sent_at: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Go on until every end was seen."""
        self._ended = defaultdict(list, {kind: list(took) for kind, took in self.known.items()})
        self._waiting: dict[int, deque[Clone]] = defaultdict(deque)
        self._running: dict[int, Clone] = {}
        self._sizes = Counter(clone.batch_id for clone in self.clones)
        self._in_air: list[tuple[float, int, Clone]] = []
        self._row = Row(pk=1, rate_limit=RATE_LIMIT)
        self._outlooks = Outlooks(self._outlook)
        self._agenda = Agenda(self._outlooks, self._due, monotonic=lambda: 0.0)
        to_launch = deque(sorted(self.clones, key=lambda clone: clone.launched_at))
        for step in count():
            now = step * STARVED_SECONDS
            while to_launch and to_launch[0].launched_at <= now:
                clone = to_launch.popleft()
                self._waiting[clone.batch_id].append(clone)
            self._answers(now)
            self._send(now)
            if not (to_launch or self._running or self._in_air or any(self._waiting.values())):
                return

    def _send(self, now: float) -> None:
        slots = budget.open_slots(self._row, _at(now))
        leaving = self._agenda.next_jobs(1, slots, _at(now)) if slots > 0 else []
        if leaving:
            budget.spend(self._row, len(leaving), _at(now))
        for number in leaving:
            clone = self.clones[number]
            if number in self._running:
                del self._running[number]
                clone.looks += 1
            else:
                self._waiting[clone.batch_id].remove(clone)
            self.sent_at.append(now)
            heapq.heappush(self._in_air, (now + ANSWER_SECONDS, number, clone))

    def _answers(self, now: float) -> None:
        while self._in_air and self._in_air[0][0] <= now:
            clone = heapq.heappop(self._in_air)[2]
            met_at = now - ANSWER_SECONDS / 2
            if not clone.looks:
                clone.accepted_at, clone.over_at = now, met_at + clone.takes
                clone.due_at = now + pacing.FIRST_LOOK.total_seconds()
            elif clone.over_at <= met_at:
                clone.seen_at = now
                self._ended[clone.kind].append(now - clone.accepted_at)
                continue
            else:
                age = now - clone.accepted_at
                clone.due_at = now + self._outlooks.of(1, _at(now)).pause(clone.kind, age, RATE_LIMIT)
            self._running[clone.number] = clone

    def _outlook(self, _: int, at: datetime) -> Outlook:
        now = (at - BEGIN).total_seconds()
        running = [
            Running(clone.kind, clone.batch_id, min(now, clone.due_at) - clone.accepted_at)
            for clone in self._running.values()
        ]
        return self.plan(running, self._sizes, lambda kind: self._ended[kind][-ENOUGH:])

    def _due(self, _: int, at: datetime) -> Due:
        now = (at - BEGIN).total_seconds()
        starts = [
            Start(clone.number, batch_id, len(waiting))
            for batch_id, waiting in self._waiting.items()
            for clone, _ in zip(waiting, range(AHEAD), strict=False)
        ]
        looks = [
            Look(clone.number, clone.batch_id, clone.kind, clone.due_at - clone.accepted_at, now - clone.due_at)
            for clone in self._running.values()
            if clone.due_at <= now
        ]
        return starts, looks

    def most_in_a_minute(self) -> int:
        """Return the highest number of requests in any 60 s."""
        return max(self._in_the_minute_before())

    def _in_the_minute_before(self) -> Iterator[int]:
        first = 0
        for place, sent_at in enumerate(self.sent_at):
            while self.sent_at[first] <= sent_at - 60:
                first += 1
            yield place - first + 1


def _at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)
