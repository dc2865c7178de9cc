"""The tick: the loop in which one worker takes what is due, calls Ecwid and writes down the answers."""

import itertools
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from clones.engine import bell, leasing, recovery, seat
from clones.engine.batches import Reviews
from clones.engine.calls import Caller
from clones.engine.clones import THREADS, Clones
from clones.engine.database import AWAY, in_a_line
from clones.engine.errands import DESKS
from clones.engine.errands.round import Errands
from clones.engine.housekeeping import keep_house
from clones.engine.seat import Holder
from clones.models import Connection

logger = logging.getLogger(__name__)

LOOP_SECONDS: Final = 30.0
STOP_SECONDS: Final = 3.5  # once the worker is told to stop, what is in the air may take so long to come in
LOOK_EVERY_SECONDS: Final = 1.0
UPKEEP_EVERY_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.05  # a round costs a dozen queries, however many answers share it
STARVED_SECONDS: Final = 0.1  # pause while there are due jobs, but no request slot for them
DATABASE_GONE_SECONDS: Final = 0.5
# While the database was away nobody could renew a lease. Whoever holds answers must have the time to write them down
# before others find the leases void: a few of their tries.
STEADY_SECONDS: Final = 4.0
ERRANDS_FIRST_EVERY: Final = 4  # rounds: else clones could take every request of a connection that has few


def run_tick(queue: str, stop_asked: Callable[[], bool], *, stays_when_idle: bool = False) -> None:
    """Loop as the worker that listens to `queue`, unless another tick of it does.

    Returns when told to stop, when nothing is left to do unless it `stays_when_idle`, or after LOOP_SECONDS: then it
    rings for its successor and waits for what is still in the air. While no bell can be rung it goes on itself.
    """
    holder = seat.take(queue, uuid.uuid4().hex, timezone.now())
    if holder:
        Tick(holder, queue, stop_asked, stays_when_idle=stays_when_idle).run()


class Tick:
    """One sitting of one worker."""

    def __init__(
        self, holder: Holder, queue: str, stop_asked: Callable[[], bool], *, stays_when_idle: bool = False
    ) -> None:
        self.holder = holder
        self.queue = queue
        self.stop_asked = stop_asked
        self.stays_when_idle = stays_when_idle
        self.caller = Caller(THREADS)
        self.clones = Clones(holder, self.caller)
        self.errands = Errands(holder, self.caller, DESKS)
        self.reviews = Reviews()
        self.rounds = itertools.count(1)
        self.ends_at = time.monotonic() + LOOP_SECONDS
        self.next_upkeep = 0.0
        self.told_at: float | None = None
        self.steady_from = time.monotonic()
        self.said = ""  # about the database, since it last answered

    def run(self) -> None:
        """Loop, hand the seat over, let what is in the air come in, and leave no lease behind."""
        try:
            while not self._is_told_to_stop() and self._survive(self._step):
                pass
        finally:  # also after a bug or a timeout: every answer that still comes in was paid for
            self._survive(self._leave_seat)
            self._land()
            self.clones.close()
            self.errands.close()
            self.caller.close()

    def _survive(self, step: Callable[[], bool]) -> bool:
        """Do `step`; where the database is away, pause and go on with a fresh connection to it."""
        try:
            goes_on = step()
        except AWAY as error:
            self._say_away(error)
            connection.close()
            time.sleep(DATABASE_GONE_SECONDS)
            self.steady_from = time.monotonic()
            return True
        self.said = ""
        return goes_on

    def _say_away(self, error: Exception) -> None:
        """Say it once, and again when there is more to lose: whoever kills this process should know."""
        said = f"The database does not answer ({in_a_line(error)}). Trying again."
        said += self._in_hand("Answers are in hand")
        if said != self.said:
            logger.warning(said)
        self.said = said

    def _in_hand(self, what: str) -> str:
        """Say for whom answers are in hand that the database did not take; "" where there are none."""
        jobs, errands = self.clones.in_hand(), self.errands.in_hand()
        return (f" {what} for jobs {jobs}." if jobs else "") + (f" {what} for errands: {errands}." if errands else "")

    def _step(self) -> bool:
        """Go round once. False: this tick has nothing more to do here."""
        if time.monotonic() >= self.ends_at and self._hand_over():
            return False
        # First of all the beat: it must not wait for writes that may hang on somebody's lock.
        if time.monotonic() >= self.next_upkeep and not self._upkeep():
            # A job that comes in before the seat is free loses its bell to this tick; the next one rings in 3 s.
            return False
        self._collect()
        self._settle()
        self._wait(self._launch())
        return True

    def _collect(self) -> None:
        self.clones.collect()
        self.errands.collect()

    def _settle(self) -> None:
        self.clones.settle()
        self.errands.settle()

    def _renew(self) -> None:
        now = timezone.now()
        self.clones.renew(now)
        self.errands.renew(now)

    def _upkeep(self) -> bool:
        """Beat, renew, take back what dead workers left. False: somebody else sits here, or nothing is left to do."""
        now = timezone.now()
        self.next_upkeep = time.monotonic() + UPKEEP_EVERY_SECONDS
        if not seat.beat(self.holder, now):
            return False
        self._renew()
        only_stopped = time.monotonic() - self.steady_from < STEADY_SECONDS
        recovery.take_back(now, only_stopped=only_stopped)
        self.errands.take_back(now, only_stopped=only_stopped)
        self.clones.tally.write()
        keep_house(now)
        self.reviews.take_turn(now)
        return self.stays_when_idle or self.clones.give_work() or self.errands.give_work(now)

    def _launch(self) -> float:
        """Lease what is due and send its calls off; return the seconds to wait at most before the next round."""
        # Before the time that the leases count from: a pause of this process from here on must not make a fence later.
        began = time.monotonic()
        self.caller.silence.listen(Connection.objects.stopped(timezone.now()).values_list("pk", flat=True))
        both = [self.clones.launch, self.errands.launch]
        for launch in reversed(both) if next(self.rounds) % ERRANDS_FIRST_EVERY == 0 else both:
            launch(began)
        pause = leasing.seconds_until_due(timezone.now(), at_least=STARVED_SECONDS, at_most=LOOK_EVERY_SECONDS)
        return self.errands.seconds_until_look(at_most=pause)

    def _wait(self, seconds: float) -> None:
        """Wait until an answer comes in, for `seconds` at most; then a moment more for those that are close behind."""
        in_air: list[Future[Any]] = [*self.clones.in_air, *self.errands.in_air]
        if in_air:
            wait(in_air, timeout=seconds, return_when=FIRST_COMPLETED)
            time.sleep(GATHER_SECONDS)
        else:
            time.sleep(seconds)

    def _hand_over(self) -> bool:
        """Free the seat and ring for a successor. False: no bell can be rung, and this tick sits on it once more."""
        seat.leave(self.holder)
        if bell.try_to_ring(self.queue) or not seat.take(self.queue, self.holder.token, timezone.now()):
            return True
        self.ends_at = time.monotonic() + LOOP_SECONDS
        return False

    def _leave_seat(self) -> bool:
        seat.leave(self.holder)
        return True

    def _land(self) -> None:
        """Wait for the answers in the air, write them down, and give back what is still leased."""
        self._collect()  # a database that is away may have used up the time, and what came in is to be told as lost
        while self._is_busy() and not self._is_out_of_time():
            self._survive(self._land_step)
        if lost := self._in_hand("Stopped with answers that the database did not take,"):
            logger.error(lost.strip())
        self._survive(self._give_back)

    def _is_busy(self) -> bool:
        work = (self.clones, self.errands)
        return any(one.in_air or one.unsettled for one in work)

    def _is_told_to_stop(self) -> bool:
        """Ask, and remember since when: each step may take its time where the database is away."""
        if self.stop_asked() and self.told_at is None:
            self.told_at = time.monotonic()
        return self.told_at is not None

    def _is_out_of_time(self) -> bool:
        self._is_told_to_stop()
        return self.told_at is not None and time.monotonic() - self.told_at > STOP_SECONDS

    def _land_step(self) -> bool:
        self._wait(STARVED_SECONDS)
        self._collect()
        self._settle()
        self._renew()
        return True

    def _give_back(self) -> bool:
        self.clones.give_back(timezone.now())
        self.errands.give_back(timezone.now())
        return True
