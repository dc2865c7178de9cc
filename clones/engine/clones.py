"""The clones that one tick works on: due jobs are leased, their calls made on threads, the answers written down."""

import logging
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from clones.engine import leasing, recovery
from clones.engine.agenda import Agenda
from clones.engine.calls import Answer, Caller, UnusableConnectionError
from clones.engine.database import AWAY, met_a_lock
from clones.engine.history import Outlooks
from clones.engine.seat import Holder
from clones.engine.settle import set_aside, settle
from clones.engine.tally import Tally
from clones.models import CloneJob, Connection

logger = logging.getLogger(__name__)

THREADS: Final = 256  # 1,000 looks a second at 100 ms each, where no limit holds them up; made as they are needed
SINGLY_SECONDS: Final = 3.0  # after a third of WORKER_SILENT_SECONDS another tick would take the seat

LEFT_NOTE: Final = "The worker was stopped before Ecwid's answer came in. The clone may have started: asking again."


class Clones:
    """What one tick does for clones, in steps that `Tick` calls in turn."""

    def __init__(self, holder: Holder, caller: Caller) -> None:
        self.holder = holder
        self.caller = caller
        self.outlooks = Outlooks()
        self.agenda = Agenda(self.outlooks)
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ecwid")
        self.in_air: dict[Future[Answer], CloneJob] = {}
        self.unsettled: list[Answer] = []  # answers that the database has not taken yet
        self.tally = Tally()

    def launch(self, began: float) -> None:
        """Lease due jobs and send their calls off.

        `began` is a moment before the time that the leases count from, on the monotonic clock: a pause of this process
        from there on must not make a fence later.
        """
        now = timezone.now()
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

    def _room(self, connection: Connection, with_work: set[int]) -> int:
        """Return how many more calls `connection` may have: hosts that do not answer must not take all threads."""
        in_air = [job.connection_id for job in self.in_air.values()]
        share = max(1, THREADS // len(with_work.union(in_air)))
        return max(0, min(THREADS - len(in_air), share - in_air.count(connection.pk)))

    def collect(self) -> None:
        """Take the answers that have come in."""
        for future in [future for future in self.in_air if future.done()]:
            del self.in_air[future]
            answer = future.result()
            self.unsettled.append(answer)
            self.tally.add(answer, timezone.now())
            if answer.submits:
                self.agenda.end_rest(answer.job.connection_id)

    def settle(self) -> None:
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

        One whose row somebody holds stays in hand, and once this takes long so do all that are left, in front of it:
        the tick has to beat, and to renew the leases of what it has in hand.
        """
        ends_at = time.monotonic() + SINGLY_SECONDS
        left, still_locked = deque(self.unsettled), list[Answer]()
        while left:
            answer = left.popleft()
            try:
                settle([answer], timezone.now(), self.outlooks)
            except AWAY as error:
                if not met_a_lock(error):
                    raise
                still_locked.append(answer)
            except Exception as error:
                logger.exception("The answer for job %s could not be written down", answer.job.pk)
                set_aside(answer, error, timezone.now())
            if time.monotonic() >= ends_at:
                break
        self.unsettled = [*left, *still_locked]

    def renew(self, now: datetime) -> None:
        """Prolong the leases of all jobs whose answers are in the air or in hand."""
        leasing.renew([*self.in_air.values(), *(answer.job for answer in self.unsettled)], now)

    def give_back(self, now: datetime) -> None:
        """End the leases of what is still in the air."""
        recovery.give_back(self.in_air.values(), now, LEFT_NOTE)
        self.tally.write()

    def give_work(self) -> bool:
        """Tell whether the tick should stay for clones."""
        return bool(self.in_air or self.unsettled) or CloneJob.objects.active().exists()

    def in_hand(self) -> str:
        """List the jobs whose answers the database has not taken yet; "" where there are none."""
        return ", ".join(str(answer.job.pk) for answer in self.unsettled)

    def close(self) -> None:
        """Give the threads up, with what they still wait for."""
        self.pool.shutdown(wait=False, cancel_futures=True)
