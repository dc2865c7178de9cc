"""The process that people run: it starts a cluster, rings for it, and replaces it as a whole when its beat stops.

django-q2 cannot be trusted to mend itself: after the death of an idle worker, its monitor or its sentinel, a cluster
may stand still with all processes looking alive (docs/decisions/0003-django-q2.md).
"""

import logging
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from clones.engine import bell, mark, seat
from clones.engine.cluster_process import ClusterProcess
from clones.engine.database import in_a_line
from clones.engine.pacing import doubling
from clones.models import WorkerBeat

logger = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 0.25
RING_EVERY_SECONDS: Final = 3.0
STOP_GRACE_SECONDS: Final = 7.0  # the tick gets half of them; then the group is killed
RESTART_PAUSE_SECONDS: Final = 1.0  # after a cluster that has worked; doubled for each one that never beat
LONGEST_PAUSE_SECONDS: Final = 30.0
PROMPT_SECONDS: Final = 1.0  # a database that takes longer for one small write is held up by something
FORGET_AFTER: Final = timedelta(days=7)


class Watchdog:
    """Keeps one cluster alive until told to stop."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.stopping = False
        self.in_a_hurry = False
        self.next_ring = 0.0
        self.away = False
        self.failed_starts = 0

    def run(self) -> None:
        """Run clusters, one after the other, until SIGTERM or SIGINT. Leaves no process and no lease behind."""
        signal.signal(signal.SIGTERM, self._asked_to_stop)
        signal.signal(signal.SIGINT, self._asked_to_stop)
        forget_old_workers(timezone.now())
        while not self.stopping:
            cluster = self._start()
            if cluster:
                try:
                    self._watch(cluster)
                finally:
                    self._clear_away(cluster)
                self.failed_starts = 0 if cluster.has_beaten else self.failed_starts + 1
            self._pause()
        self.say("Worker stopped.")

    def _pause(self) -> None:
        """Wait before the next start: longer, the more starts in a row have failed."""
        pause = doubling(RESTART_PAUSE_SECONDS, self.failed_starts + 1, LONGEST_PAUSE_SECONDS)
        ends_at = time.monotonic() + pause
        while not self.stopping and time.monotonic() < ends_at:
            time.sleep(CHECK_EVERY_SECONDS)

    def _asked_to_stop(self, signum: int, _frame: FrameType | None) -> None:
        """Stop with grace; a second Ctrl-C does without it."""
        self.in_a_hurry = self.in_a_hurry or (self.stopping and signum == signal.SIGINT)
        self.stopping = True

    def _watch(self, cluster: ClusterProcess) -> None:
        """Return when the cluster is to be cleared away: it died, fell silent, or was asked to stop and has."""
        while not self.stopping:
            if cluster.has_exited():
                logger.error("The cluster has ended by itself. Starting another.")
                return
            if self._is_stuck(cluster):
                logger.error("The cluster has been silent for %s s. Replacing it.", settings.WORKER_SILENT_SECONDS)
                return
            if cluster.stays_incomplete():
                logger.error("The cluster does not replace a process that it lost. Replacing all of it.")
                return
            time.sleep(CHECK_EVERY_SECONDS)
        cluster.ask_to_stop()
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        while not (cluster.has_exited() or self.in_a_hurry) and time.monotonic() < deadline:
            time.sleep(CHECK_EVERY_SECONDS / 5)

    def _is_stuck(self, cluster: ClusterProcess) -> bool:
        """Tell whether the cluster stands still. It is not to blame while database or broker are away."""
        began = time.monotonic()
        try:
            self._ring(cluster)
            if not cluster.is_silent():
                return False
            seat.touch(cluster.queue)  # raises, or waits, where the database takes no writes: then nobody can beat
        except Exception as error:  # noqa: BLE001  each broker has its own exceptions
            self._say_away(error)
            connection.close()
            cluster.excuse()
            return False
        if time.monotonic() - began > PROMPT_SECONDS:
            cluster.excuse()
            return False
        return True

    def _ring(self, cluster: ClusterProcess) -> None:
        """Ring from time to time: the cluster shows that it is alive, and sees work that had no bell."""
        if time.monotonic() >= self.next_ring:
            self.next_ring = time.monotonic() + RING_EVERY_SECONDS
            bell.ring(cluster.queue)
            mark.keep()
            self.away = False

    def _say_away(self, error: Exception) -> None:
        if not self.away:
            logger.warning("The database or the queue does not answer (%s). Waiting for it.", in_a_line(error))
        self.away = True

    def _start(self) -> ClusterProcess | None:
        """Start a cluster; None while the database is away."""
        try:
            cluster = ClusterProcess()
        except DatabaseError as error:
            self._say_away(error)
            connection.close()
            return None
        self.next_ring = 0.0
        self.say(f"Worker started ({cluster.queue}).")
        return cluster

    def _clear_away(self, cluster: ClusterProcess) -> None:
        """Kill what is left of the cluster, then declare its leases void."""
        cluster.kill()
        if self.stopping and self.away:  # nothing to wait for: its leases end by themselves
            return
        try:
            seat.stopped(cluster.queue, timezone.now())
            bell.forget_queue(cluster.queue)
        except Exception as error:  # noqa: BLE001  its leases then end by themselves
            self._say_away(error)
            connection.close()


def forget_old_workers(now: datetime) -> None:
    """Delete the rows of workers that have been gone for FORGET_AFTER."""
    WorkerBeat.objects.filter(beat_at__lt=now - FORGET_AFTER).exclude(queue=bell.DEFAULT_QUEUE).delete()
