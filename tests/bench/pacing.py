"""Detection delay on a virtual clock, with the engine's own budget, order and pauses: learned, even, every 5 s.

Launched at once: all have about the same age. In flow: launched evenly, so that so many run at a time.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Final

from clones.choices import CloneScope
from clones.engine import budget
from clones.engine.durations import EDGES, Durations
from clones.engine.history import ENOUGH, Kind, Outlook, Running
from tests.bench.bench import Bench
from tests.bench.measuring import p95
from tests.bench.shapes import MEMORYLESS, SHAPES, Draw, least_share, mean_seconds
from tests.bench.virtual import RATE_LIMIT, Clone, Known, Planner, World

WANTED: Final = 0.6
LONE_SECONDS: Final = 2.0
FLOW_SECONDS: Final = 1300.0
STEADY: Final = (700.0, 1250.0)  # of a flow: as many end as are launched
BATCH: Final = 50
LONE_ONES: Final = 20
BESIDE_WANTED: Final = 0.5
JUDGED: Final = 500
UNKNOWABLE: Final = (MEMORYLESS,)
# Launched at once, clones of these have all about the same age and chance: there is no better order than one by one.
SAME_AGE: Final = ("normal, deviation 20 %", "lognormal, deviation 40 %", MEMORYLESS)


class Waited(Durations):
    """Nothing is known but how long a look is due."""

    def worth(self, age: float, seconds: float) -> float:  # noqa: ARG002  as Durations asks
        """The longest due comes first."""
        return seconds


WAITED: Final = Waited([1.0] * len(EDGES))


class Even(Outlook):
    """Every clone as often as any other: all of the budget, shared by those that run."""

    def __init__(self, running: list[Running], _: Mapping[int, int], ended: Callable[[Kind], list[float]]) -> None:
        super().__init__(running, {}, ended)
        self.every_seconds = max(1.0, len(running) / budget.slots_per_second(RATE_LIMIT))

    def durations(self, kind: Kind) -> Durations:  # noqa: ARG002  as Outlook asks
        """Return what lets the longest due come first."""
        return WAITED

    def pause(self, *_: object, **__: object) -> float:
        """Return the same for all."""
        return self.every_seconds


class EveryFive(Even):
    """Every clone each 5 s, as far as the budget goes."""

    def __init__(self, running: list[Running], _: Mapping[int, int], ended: Callable[[Kind], list[float]]) -> None:
        super().__init__(running, {}, ended)
        self.every_seconds = 5.0


PLANS: Final[dict[str, Planner]] = {"even": Even, "every 5 s": EveryFive, "learned": Outlook, "first time": Outlook}


@dataclass(frozen=True)
class Case:
    """One run."""

    shape: str
    clones: int
    in_flow: bool
    plan: str


@dataclass(frozen=True)
class Found:
    """What it came to. `wait` is the mean time from the launch to the end's being seen, less what the clone took."""

    mean: float
    p95: float
    wait: float
    looks: float
    most: int


def run(bench: Bench) -> None:
    """Print a table for each number of clones, launched at once and in flow."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        for clones, in_flow in ((50, False), (500, False), (500, True), (2000, False)):
            cases = [Case(shape, clones, in_flow, plan) for shape in SHAPES for plan in PLANS]
            found = dict(zip(cases, pool.map(_measure, cases), strict=True))
            _table(bench, clones, found, in_flow=in_flow)
        most = max(pool.map(_lone_lag, SHAPES))
    bench.ratio(f"lone clone: longest delay / {LONE_SECONDS:.0f} s", most / LONE_SECONDS, 1.0)
    started, delay = _beside_a_big_batch()
    bench.ratio(f"single clones beside 2,000: longest start / {LONE_SECONDS:.0f} s", started / LONE_SECONDS, 1.0)
    bench.ratio("single clones beside 2,000: mean delay / that of the 2,000", delay, BESIDE_WANTED)


def _table(bench: Bench, clones: int, found: dict[Case, Found], *, in_flow: bool) -> None:
    """Write a line for each shape: mean and p95 of the delay, looks per clone, and shares of the even plan's mean.

    The delay begins with a clone's end; what people wait, with the launch: a plan that spends requests on looks in vain
    starts later, has fewer to look at, and sees their ends the sooner.
    """
    print(f"\n{clones:,} clones {'in flow' if in_flow else 'at once'}: mean and p95 of the delay in s, looks per clone")  # noqa: T201
    print(f"{'':<31}" + "".join(f"{plan:^21}" for plan in PLANS) + "  share  first   wait  least")  # noqa: T201
    for shape, draw in SHAPES.items():
        even, five, learned, first = (found[Case(shape, clones, in_flow, plan)] for plan in PLANS)
        cells = "".join(f"{one.mean:7.1f}{one.p95:7.1f}{one.looks:7.1f}" for one in (even, five, learned, first))
        shares = (learned.mean / even.mean, first.mean / even.mean, learned.wait / even.wait)
        least = (least_share(draw),) if in_flow else ()
        print(f"{shape:<31}{cells}" + "".join(f"{share:7.2f}" for share in (*shares, *least)), flush=True)  # noqa: T201
        if clones == JUDGED and shape not in (UNKNOWABLE if in_flow else SAME_AGE):
            bench.ratio(f"{shape}: mean delay, learned / even", learned.mean / even.mean, WANTED)
    most = max(one.most for one in found.values())
    bench.ratio(f"{clones:,} clones: most requests in any minute / limit", most / RATE_LIMIT, 1.0)


def _measure(case: Case) -> Found:
    draw = SHAPES[case.shape]
    known = {} if case.plan == "first time" else _earlier(draw)
    world = World(list(_planned(draw, case)), PLANS[case.plan], known)
    world.run()
    start, end = STEADY if case.in_flow else (0.0, float("inf"))
    seen = [clone for clone in world.clones if start <= clone.over_at <= end]
    lags = [clone.lag for clone in seen]
    waits = [(clone.seen_at or 0.0) - clone.launched_at - clone.takes for clone in seen]
    looks = fmean(clone.looks for clone in seen)
    return Found(fmean(lags), p95(lags), fmean(waits), looks, world.most_in_a_minute())


def _planned(draw: Draw, case: Case) -> Iterator[Clone]:
    random = Random(7)
    total = int(FLOW_SECONDS * case.clones / mean_seconds(draw)) if case.in_flow else case.clones
    for number in range(total):
        template, seconds = draw(random)
        at, batch = (FLOW_SECONDS * number / total, number // BATCH) if case.in_flow else (0.0, template)
        yield Clone(number, (template, CloneScope.ALL), batch, at, seconds)


def _earlier(draw: Draw) -> Known:
    """Return clones that ended before."""
    random, known = Random(3), Known()
    for _ in range(20 * ENOUGH):
        template, seconds = draw(random)
        known.setdefault((template, CloneScope.ALL), []).append(seconds)
    return known


def _lone_lag(shape: str) -> float:
    """Return the longest delay of clones that ran alone."""
    random, known = Random(11), _earlier(SHAPES[shape])
    lags = []
    for number in range(LONE_ONES):
        template, seconds = SHAPES[shape](random)
        world = World([Clone(0, (template, CloneScope.ALL), 1, 0.0, seconds)], known=known if number % 2 else {})
        world.run()
        lags.append(world.clones[0].lag)
    return max(lags)


def _beside_a_big_batch() -> tuple[float, float]:
    """Return of 20 single clones, launched beside 2,000, the longest wait for a start and the share of delay."""
    draw, random = SHAPES["normal, deviation 20 %"], Random(5)
    kind = (0, CloneScope.ALL)
    big = [Clone(number, kind, 0, 0.0, draw(random)[1]) for number in range(2000)]
    single = [Clone(2000 + n, kind, 1 + n, 10.0 + 30 * n, draw(random)[1]) for n in range(LONE_ONES)]
    World([*big, *single], known=_earlier(draw)).run()
    delay = fmean(one.lag for one in single) / fmean(one.lag for one in big)
    return max(one.accepted_at - one.launched_at for one in single), delay
