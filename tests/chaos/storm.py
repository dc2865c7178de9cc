"""Carries out a plan: strikes and lets go at their times, launches the batches, restarts what died."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection
from django.utils import timezone

from clones.models import CloneJob, Connection
from tests.chaos.clusters import Cluster
from tests.chaos.deployments import Deployment, Trouble
from tests.chaos.plan import (
    BURST_SECONDS,
    CALM_BEFORE_BURST,
    DATABASE_AWAY,
    OF_A_SERVER,
    OF_ONE_CLUSTER,
    Kind,
    Plan,
    Step,
)
from tests.chaos.shop import Shop, patiently

LOOK_EVERY_SECONDS: Final = 0.05
SLOW_CLONES_EVERY_SECONDS: Final = 1.0
BURST_PATIENCE_SECONDS: Final = 60.0  # all clusters may have been killed just now
LEARN_WITHIN_SECONDS: Final = 10.0
TRY_AGAIN_SECONDS: Final = 0.5


@dataclass
class Blow:
    """What was struck. `cluster` None: all of them; times are epoch seconds."""

    words: str
    cluster: int | None
    began_at: float
    ended_at: float


@dataclass
class Storm:
    """One run of a plan. `blows` are those that were dealt; `complaints` what went wrong on the way."""

    plan: Plan
    deployment: Deployment
    clusters: list[Cluster]
    shop: Shop
    diary: Path
    blows: list[Blow] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._next_slow = 0.0
        self._ongoing: set[Kind] = set()
        self._silent_until = 0.0  # a block of the sandbox's, in which it must be able to hear who is not silent
        self._read_up_to = 0  # in the sandbox's log of requests
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def run(self) -> None:
        """Carry out all steps; at the end everything that was struck is let go of, and every block is over."""
        self._began = time.monotonic()
        for step in self.plan.steps:
            self._at(step.at, partial(self._do, step))
        while self._due or self._now() < self.plan.seconds or time.time() < self._silent_until:
            while self._due and self._due[0][0] <= self._now():
                heapq.heappop(self._due)[2]()
            self.keep()
        for cluster in self.clusters:
            cluster.wake()

    def keep(self) -> None:
        """Do what goes on all the time: watchdogs that ended are started again, slow clones end."""
        for cluster in self.clusters:
            cluster.keep_running()
        if time.monotonic() > self._next_slow:
            self._next_slow = time.monotonic() + SLOW_CLONES_EVERY_SECONDS
            self._let_slow_clones_end()
        time.sleep(LOOK_EVERY_SECONDS)

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _at(self, at: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), do))

    def _do(self, step: Step) -> None:
        if self._must_wait(step):
            self._at(self._now() + TRY_AGAIN_SECONDS, partial(self._do, step))
        elif step.kind == Kind.LAUNCH:
            self._write(f"batch {step.number}")
            self.shop.launch(self.plan.orders[step.number])
        elif step.kind == Kind.KILL:
            self._kill(step)
        elif step.kind == Kind.BURST:
            self._burst()
        else:
            self._strike(step)

    def _must_wait(self, step: Step) -> bool:
        """Tell whether what the plan keeps apart would meet here: a step that took long has put off all after it."""
        if step.kind == Kind.LAUNCH:
            return bool(self._ongoing & DATABASE_AWAY)
        if step.kind == Kind.BURST:
            latest = max((blow.began_at for blow in self.blows), default=0.0)
            return bool(self._ongoing & DATABASE_AWAY) or time.time() - latest < CALM_BEFORE_BURST
        if step.kind in DATABASE_AWAY and time.time() < self._silent_until:
            return True
        return any(
            step.kind in track and self._ongoing & track for track in (OF_ONE_CLUSTER.keys(), OF_A_SERVER.keys())
        )

    def _kill(self, step: Step) -> None:
        role = self.clusters[step.cluster].kill(step.number)
        if role:
            self._record(f"{step.kind} of a {role}", step.cluster)

    def _strike(self, step: Step) -> None:
        self._ongoing.add(step.kind)
        blow = self._record(step.kind.value, None if step.kind in OF_A_SERVER else step.cluster)
        self._trouble(step).begin()
        self._at(self._now() + step.seconds, partial(self._let_go, step, blow))

    def _let_go(self, step: Step, blow: Blow) -> None:
        self._trouble(step).end()
        self._ongoing.discard(step.kind)
        blow.ended_at = time.time()
        self._write(f"over: {step.kind}")

    def _trouble(self, step: Step) -> Trouble:
        cluster = self.clusters[step.cluster]
        stopped = Trouble(cluster.stop, cluster.wake)
        return stopped if step.kind == Kind.STOP else self.deployment.troubles[step.kind][step.cluster]

    def _burst(self) -> None:
        """Let the next call meet a 429; go on once the portal has written that down: from then on it must be silent."""
        began_at = time.time()
        self._read_up_to = max(
            (row.id for row in self.shop.sandbox.requests(self._read_up_to)), default=self._read_up_to
        )
        self.shop.sandbox.fault("rate_limit", retry_after=str(BURST_SECONDS))
        if not self._wait_for(lambda: self._was_struck() or not self._is_anything_active(), BURST_PATIENCE_SECONDS):
            self.complaints.append("Nobody called the sandbox for a minute while there were clones to follow.")
        elif not self._was_struck():
            self.shop.put_faults()  # without the one that nobody needed
            return
        elif not self._wait_for(self._is_known, LEARN_WITHIN_SECONDS):
            self.complaints.append(
                f"The 429 after {self._now():.0f} s was not written down though nothing was in the way."
            )
        self._record(Kind.BURST.value, None).began_at = began_at
        self._silent_until = time.time() + BURST_SECONDS

    def _wait_for(self, is_so: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            self.keep()
        return True

    def _was_struck(self) -> bool:
        return any(row.fault == "rate_limit" for row in self.shop.sandbox.requests(self._read_up_to))

    def _is_anything_active(self) -> bool:
        return patiently(CloneJob.objects.active().exists)

    def _is_known(self) -> bool:
        return patiently(lambda: Connection.objects.stopped(timezone.now()).exists())

    def _let_slow_clones_end(self) -> None:
        try:
            self.shop.let_slow_clones_end()
        except DatabaseError:  # it is away; a second later is soon enough
            connection.close()

    def _record(self, words: str, cluster: int | None) -> Blow:
        now = time.time()
        blow = Blow(words, cluster, now, now)
        self.blows.append(blow)
        self._write(words if cluster is None else f"{words}, cluster {cluster}")
        return blow

    def _write(self, line: str) -> None:
        with self.diary.open("a", encoding="utf-8") as diary:
            diary.write(f"{self._now():7.2f}  {line}\n")
