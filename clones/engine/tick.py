"""The tick: the loop in which one worker takes due jobs, calls Ecwid and writes down the answers."""

import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from clones.engine import bell, leasing, recovery, seat
from clones.engine.agenda import Agenda
from clones.engine.calls import Answer, Caller, UnusableConnectionError
from clones.engine.database import AWAY, met_a_lock
from clones.engine.history import Outlooks
from clones.engine.housekeeping import keep_house
from clones.engine.seat import Holder
from clones.engine.settle import set_aside, settle
from clones.engine.tally import Tally
from clones.models import CloneJob, Connection

logger = logging.getLogger(__name__)

THREADS: Final = 256  # 1,000 looks a second at 100 ms each, where no limit holds them up; made as they are needed
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

LEFT_NOTE: Final = "The worker was stopped before Ecwid's answer came in. The clone may have started: asking again."


def run_tick(queue: str, stop_asked: Callable[[], bool]) -> None:
    """Loop as the worker that listens to `queue`, unless another tick of it does.

    Returns when told to stop, when no job is active, or after LOOP_SECONDS: then it rings for its successor and waits
    for what is still in the air.
    """
    holder = seat.take(queue, uuid.uuid4().hex, timezone.now())
    if holder:
        Tick(holder, queue, stop_asked).run()


class Tick:
    """One sitting of one worker."""

    def __init__(self, holder: Holder, queue: str, stop_asked: Callable[[], bool]) -> None:
        self.holder = holder
        self.queue = queue
        self.stop_asked = stop_asked
        self.caller = Caller(THREADS)
        self.outlooks = Outlooks()
        self.agenda = Agenda(self.outlooks)
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ecwid")
        self.in_air: dict[Future[Answer], CloneJob] = {}
        self.unsettled: list[Answer] = []  # answers that the database has not taken yet
        self.tally = Tally()
        self.ends_at = time.monotonic() + LOOP_SECONDS
        self.next_upkeep = 0.0
        self.more_to_do = True
        self.told_at: float | None = None
        self.steady_from = time.monotonic()
        self.said = ""  # about the database, since it last answered

    def run(self) -> None:
        """Loop, hand the seat over, let what is in the air come in, and leave no lease behind."""
        try:
            while not self._is_told_to_stop() and time.monotonic() < self.ends_at and self._survive(self._step):
                pass
        except BaseException:
            self.more_to_do = False  # the watchdog's next bell is soon enough to break once more
            raise
        finally:  # also after a bug or a timeout: every answer that still comes in was paid for
            self._survive(self._hand_over)
            self._land()
            self.pool.shutdown(wait=False, cancel_futures=True)
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
        said = f"The database does not answer ({type(error).__name__}). Trying again."
        if self.unsettled:
            said += f" Answers are in hand for jobs {self._in_hand()}."
        if said != self.said:
            logger.warning(said)
        self.said = said

    def _in_hand(self) -> str:
        return ", ".join(str(answer.job.pk) for answer in self.unsettled)

    def _step(self) -> bool:
        """Go round once. False: this tick has nothing more to do here."""
        # First of all the beat: it must not wait for writes that may hang on somebody's lock.
        if time.monotonic() >= self.next_upkeep and not self._upkeep():
            # A job that comes in before the seat is free loses its bell to this tick; the next one rings in 3 s.
            self.more_to_do = False
            return False
        self._collect()
        self._settle()
        self._wait(self._launch())
        return True

    def _collect(self) -> None:
        """Take the answers that have come in."""
        for future in [future for future in self.in_air if future.done()]:
            del self.in_air[future]
            self.unsettled.append(future.result())
            self.tally.add(self.unsettled[-1], timezone.now())

    def _settle(self) -> None:
        """Write down what has come in. Answers stay in hand until the database has them."""
        try:
            settle(self.unsettled, timezone.now(), self.outlooks)
        except AWAY as error:
            if not met_a_lock(error):
                raise
            self._settle_singly()
        except Exception:
            logger.exception("A group of answers could not be written down; trying each by itself")
            self._settle_singly()
        else:
            self.unsettled.clear()

    def _settle_singly(self) -> None:
        """Write answers one by one, so that a single bad one does not hold up the others.

        One whose row somebody holds stays in hand.
        """
        still_locked = []
        for answer in self.unsettled:
            try:
                settle([answer], timezone.now(), self.outlooks)
            except AWAY as error:
                if not met_a_lock(error):
                    raise
                still_locked.append(answer)
            except Exception as error:
                logger.exception("The answer for job %s could not be written down", answer.job.pk)
                set_aside(answer, error, timezone.now())
        self.unsettled = still_locked

    def _renew(self) -> None:
        """Prolong the leases of all jobs whose answers are in the air or in hand."""
        leasing.renew([*self.in_air.values(), *(answer.job for answer in self.unsettled)], timezone.now())

    def _upkeep(self) -> bool:
        """Beat, renew, take back what dead workers left. False: somebody else sits here, or nothing is active."""
        now = timezone.now()
        self.next_upkeep = time.monotonic() + UPKEEP_EVERY_SECONDS
        if not seat.beat(self.holder, now):
            return False
        self._renew()
        recovery.take_back(now, only_stopped=time.monotonic() - self.steady_from < STEADY_SECONDS)
        self.tally.write()
        keep_house(now)
        stays_when_idle = self.queue == bell.DEFAULT_QUEUE  # a plain qcluster has no watchdog that rings
        return stays_when_idle or bool(self.in_air or self.unsettled) or CloneJob.objects.active().exists()

    def _launch(self) -> float:
        """Lease due jobs and send their calls off; return the seconds to wait at most before the next round."""
        # Before the time that the leases count from: a pause of this process from here on must not make a fence later.
        began = time.monotonic()
        now = timezone.now()
        self.caller.silence.listen(Connection.objects.stopped(now).values_list("pk", flat=True))
        connections = leasing.connections_with_work(now)
        with_work = {connection.pk for connection in connections}
        for due in connections:
            try:
                client = self.caller.client_for(due)
            except UnusableConnectionError as error:
                leasing.stop_unusable(due, str(error), now)
                continue
            fence = began + settings.WORKER_SILENT_SECONDS / 2
            room = self._room(due, with_work)
            for job in leasing.lease_due(due.pk, self.holder.beat_id, room, now, self.agenda):
                self.in_air[self.pool.submit(self.caller.call(client, job, now, began, fence).run)] = job
        return leasing.seconds_until_due(timezone.now(), at_least=STARVED_SECONDS, at_most=LOOK_EVERY_SECONDS)

    def _room(self, connection: Connection, with_work: set[int]) -> int:
        """Return how many more calls `connection` may have: hosts that do not answer must not take all threads."""
        in_air = [job.connection_id for job in self.in_air.values()]
        share = max(1, THREADS // len(with_work.union(in_air)))
        return max(0, min(THREADS - len(in_air), share - in_air.count(connection.pk)))

    def _wait(self, seconds: float) -> None:
        """Wait until an answer comes in, for `seconds` at most; then a moment more for those that are close behind."""
        if self.in_air:
            wait(self.in_air, timeout=seconds, return_when=FIRST_COMPLETED)
            time.sleep(GATHER_SECONDS)
        else:
            time.sleep(seconds)

    def _hand_over(self) -> bool:
        """Free the seat, and ring for a successor where there may be more to do."""
        seat.leave(self.holder)
        if self.more_to_do and not self._is_told_to_stop():
            bell.try_to_ring(self.queue)
        return True

    def _land(self) -> None:
        """Wait for the answers in the air, write them down, and give back what is still leased."""
        while (self.in_air or self.unsettled) and not self._is_out_of_time():
            self._survive(self._land_step)
        if self.unsettled:
            logger.error("Stopped with answers that the database did not take, for jobs %s.", self._in_hand())
        self._survive(self._give_back)

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
        recovery.give_back(self.in_air.values(), timezone.now(), LEFT_NOTE)
        self.tally.write()
        return True
