"""What happens when, and what is cloned, all of it from a seed: the same seed gives the same plan. Knows no Django."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

CLUSTERS: Final = 3
KILL_EVERY: Final = 3.0
BURST_EVERY: Final = 12.0
BURST_SECONDS: Final = 5
CALM_BEFORE_BURST: Final = 2.0  # what was in the air when something was struck has arrived by then
FIRST_STORE: Final = 900_001
EMPTY_TEMPLATE: Final = "1005"  # leaves its targets empty: a second clone into one would be accepted
BUSY: Final = "TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET"
PACE: Final = {"queued_seconds", "clone_seconds"}  # flags that say how long a clone takes, nothing odd
TAKEN_EVERY: Final = 15
LARGEST_BATCH: Final = 40


class Kind(StrEnum):
    """What is done to the portal; the table's words for it."""

    LAUNCH = "batch launched"
    BURST = "429 to everything for 5 s"
    KILL = "kill -9"
    STOP = "SIGSTOP of a whole cluster for longer than a lease"
    LOCK = "SQLite locked for all writers"
    DATABASE_KILLED = "PostgreSQL stopped (immediate) and started"
    DATABASE_STOPPED = "PostgreSQL stopped (fast) and started"
    REDIS_KILLED = "Redis killed, started empty"
    DATABASE_REFUSED = "one cluster refused by PostgreSQL"
    DATABASE_SILENT = "one cluster's way to PostgreSQL swallows all"
    REDIS_REFUSED = "one cluster refused by Redis"
    REDIS_SILENT = "one cluster's way to Redis swallows all"


Lengths = dict[Kind, tuple[float, float]]

OF_ONE_CLUSTER: Final = {
    Kind.STOP: (9.0, 12.0),  # a lease lasts 8 s here
    Kind.DATABASE_REFUSED: (5.0, 10.0),
    Kind.DATABASE_SILENT: (5.0, 20.0),  # PostgreSQL ends an idle transaction after 15 s
    Kind.REDIS_REFUSED: (5.0, 10.0),
    Kind.REDIS_SILENT: (5.0, 10.0),
}
OF_A_SERVER: Final = {
    Kind.LOCK: (3.0, 30.0),  # Django gives up on a lock after 20 s
    Kind.DATABASE_KILLED: (1.0, 6.0),
    Kind.DATABASE_STOPPED: (1.0, 6.0),
    Kind.REDIS_KILLED: (1.0, 6.0),
}
DATABASE_AWAY: Final = {Kind.LOCK, Kind.DATABASE_KILLED, Kind.DATABASE_STOPPED}


@dataclass(frozen=True)
class Step:
    """Something that is done at `at`, and undone `seconds` later. `number`: which process, or which order."""

    at: float
    kind: Kind
    cluster: int = 0
    seconds: float = 0.0
    number: int = 0

    @property
    def ends_at(self) -> float:
        """When it is to be over."""
        return self.at + self.seconds


@dataclass(frozen=True)
class Target:
    """A store to be cloned into, and what it does on purpose (fields of the sandbox's store); `exists`: at all."""

    store_id: str
    flags: dict[str, Any] = field(default_factory=dict)
    exists: bool = True

    @property
    def is_taken(self) -> bool:
        """Tell whether somebody else is cloning into it before the portal does."""
        return int(self.store_id) % TAKEN_EVERY == 0 and self.exists and self.flags.keys() <= PACE


@dataclass(frozen=True)
class PlannedOrder:
    """One batch: a template by its number, what is copied, and where to."""

    template: int
    scope: str
    demo: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Plan:
    """All that a seed decides."""

    seconds: float
    steps: tuple[Step, ...]
    orders: tuple[PlannedOrder, ...]


def make_plan(seed: int, seconds: float, jobs: int, kinds: Sequence[Kind], templates: int) -> Plan:
    """Return the plan of `seed` for a storm of `seconds`, of the `kinds` that the deployment can suffer."""
    dice = Random(seed)
    orders = tuple(_orders(dice, jobs, templates, seconds))
    kills = list(_kills(dice, seconds))
    troubles = [
        *_in_turn(dice, {kind: OF_ONE_CLUSTER[kind] for kind in OF_ONE_CLUSTER if kind in kinds}, 3.0, seconds),
        *_in_turn(dice, {kind: OF_A_SERVER[kind] for kind in OF_A_SERVER if kind in kinds}, 5 + seconds / 15, seconds),
    ]
    away = [step for step in troubles if step.kind in DATABASE_AWAY]
    launches = _launches(dice, len(orders), seconds, away)
    bursts = _bursts([*kills, *troubles], away, seconds)
    steps = sorted([*kills, *troubles, *launches, *bursts], key=lambda step: step.at)
    return Plan(seconds, tuple(steps), orders)


def _kills(dice: Random, seconds: float) -> Iterator[Step]:
    for count in range(1, int(seconds / KILL_EVERY) + 1):
        yield Step(count * KILL_EVERY, Kind.KILL, dice.randrange(CLUSTERS), number=dice.randrange(10_000))


def _in_turn(dice: Random, lengths: Lengths, pause: float, seconds: float) -> Iterator[Step]:
    """Yield one trouble after the other, each kind once a round, as long as they end within the storm."""
    at = 1.5
    while lengths:
        for kind in dice.sample(list(lengths), len(lengths)):
            shortest, longest = lengths[kind]
            length = dice.uniform(shortest, min(longest, shortest + seconds / 5))
            step = Step(at, kind, dice.randrange(CLUSTERS), length)
            if step.ends_at > seconds:
                return
            yield step
            at = step.ends_at + dice.uniform(pause / 2, pause * 1.5)


def _bursts(troubles: list[Step], away: list[Step], seconds: float) -> Iterator[Step]:
    """Yield 429s where someone surely learns of them: not just after a blow, nor while nobody can write it down.

    What is compared later has then no exemption: from the first refused request on, all workers must be silent.
    """
    at = CALM_BEFORE_BURST
    while at < seconds:
        struck = any(step.at - 0.3 < at < step.at + CALM_BEFORE_BURST for step in troubles)
        mute = any(step.at - 1 < at < step.ends_at + 2 for step in away)
        if struck or mute:
            at += 0.1
            continue
        yield Step(at, Kind.BURST, seconds=BURST_SECONDS)
        at += BURST_EVERY


def _launches(dice: Random, count: int, seconds: float, away: list[Step]) -> Iterator[Step]:
    """Yield a launch for each order: the first at once, the others within three quarters of the storm."""
    for number in range(count):
        at = dice.uniform(0, 0.75 * seconds) if number else 0.0
        for step in away:
            if step.at <= at <= step.ends_at:  # a person would be told to try again: put it off
                at = step.ends_at + 0.1
        yield Step(at, Kind.LAUNCH, number=number)


def _orders(dice: Random, jobs: int, templates: int, seconds: float) -> Iterator[PlannedOrder]:
    first = FIRST_STORE
    while jobs:
        size = min(jobs, dice.randint(1, min(LARGEST_BATCH, max(2, jobs // 3))))
        scope = dice.choices(("ALL", "CATALOG", "STORE_SETTINGS"), (6, 2, 2))[0]
        targets = tuple(_target(dice, str(first + number), seconds) for number in range(size))
        yield PlannedOrder(dice.randrange(templates), scope, dice.random() < 0.3, targets)
        first, jobs = first + size, jobs - size


def _target(dice: Random, store_id: str, seconds: float) -> Target:
    pace = {"queued_seconds": dice.uniform(0.2, 2), "clone_seconds": dice.uniform(2, max(4, seconds / 8))}
    oddity: dict[str, Any] = dice.choices(
        (
            {},
            {"fails_with": "Import of products failed"},
            {"refusal": "TARGET_NOT_ALLOWED_TO_CLONE"},
            {"refusal": "UNKNOWN_IMPORT_FAILED_TO_START", "refusal_times": 2},
        ),
        (90, 5, 2, 3),
    )[0]
    return Target(store_id, pace | oddity, exists=dice.random() > 0.01)
