"""The process that people run: it starts a cluster, rings for it, and replaces it as a whole when its beat stops.

django-q2 cannot be trusted to mend itself: after the death of an idle worker, its monitor or its sentinel, a cluster
may stand still with all processes looking alive (docs/decisions/0003-django-q2.md).
"""

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from clones.engine import bell, seat
from clones.models import WorkerBeat

logger = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 0.25
RING_EVERY_SECONDS: Final = 3.0
START_GRACE_SECONDS: Final = 10.0  # imports and forks, before the first beat can come
STOP_GRACE_SECONDS: Final = 7.0  # the tick gets 4 of them; then the group is killed
GONE_WITHIN_SECONDS: Final = 5.0
RESTART_PAUSE_SECONDS: Final = 1.0  # after a cluster that has worked; doubled for each one that never beat
LONGEST_PAUSE_SECONDS: Final = 30.0
PROMPT_SECONDS: Final = 1.0  # a database that takes longer for one small write is held up by something
FORGET_AFTER: Final = timedelta(days=7)


class ClusterProcess:
    """One django-q2 cluster in a process group of its own."""

    def __init__(self) -> None:
        self.queue = f"{bell.DEFAULT_QUEUE}-{uuid.uuid4().hex[:12]}"
        self.beat_at: datetime = seat.announce(self.queue, timezone.now()).beat_at
        self.has_beaten = False
        self.silent_from = time.monotonic() + START_GRACE_SECONDS
        reading, self._lifeline = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and command
            [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "worker", "--cluster", str(reading)],
            env={**os.environ, "Q_CLUSTER_NAME": self.queue},
            pass_fds=(reading,),
            start_new_session=True,
        )
        os.close(reading)

    def has_exited(self) -> bool:
        """Tell whether the cluster's main process has ended."""
        return self._process.poll() is not None

    def is_silent(self) -> bool:
        """Tell whether the beat stopped WORKER_SILENT_SECONDS ago. Raises DatabaseError."""
        beat_at = WorkerBeat.objects.only("beat_at").get(queue=self.queue).beat_at
        if beat_at != self.beat_at:
            self.beat_at, self.silent_from, self.has_beaten = beat_at, time.monotonic(), True
        silent_for = time.monotonic() - self.silent_from
        return silent_for > float(settings.WORKER_SILENT_SECONDS)

    def excuse(self) -> None:
        """Count the silence from now on: its cause was not the cluster's."""
        self.silent_from = time.monotonic()

    def ask_to_stop(self) -> None:
        """Let it finish what is in the air. Only main is told: a signal to the whole group hangs django-q2."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill every process of the group and wait until none is left."""
        deadline = time.monotonic() + GONE_WITHIN_SECONDS
        while self._kill_group() and time.monotonic() < deadline:
            self._process.poll()
            self._bury_orphans()
            time.sleep(0.02)
        self._process.wait()
        os.close(self._lifeline)

    def _bury_orphans(self) -> None:
        """Reap the group's other processes: in a container they may become children of ours when main dies."""
        try:
            while os.waitpid(-self._process.pid, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def _kill_group(self) -> bool:
        """Send SIGKILL to the group; False when it has no process left."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


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
        ends_at = time.monotonic() + min(RESTART_PAUSE_SECONDS * 2**self.failed_starts, LONGEST_PAUSE_SECONDS)
        while not self.stopping and time.monotonic() < ends_at:
            time.sleep(CHECK_EVERY_SECONDS)

    def _asked_to_stop(self, signum: int, _frame: FrameType | None) -> None:
        """Stop with grace; a second Ctrl-C does without it."""
        self.in_a_hurry = self.stopping and signum == signal.SIGINT
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
            self.away = False

    def _say_away(self, error: Exception) -> None:
        if not self.away:
            logger.warning("The database or the queue does not answer (%s). Waiting for it.", type(error).__name__)
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
        try:
            seat.stopped(cluster.queue, timezone.now())
            bell.forget_queue(cluster.queue)
        except Exception as error:  # noqa: BLE001  its leases then end by themselves
            self._say_away(error)
            connection.close()


def forget_old_workers(now: datetime) -> None:
    """Delete the rows of workers that have been gone for FORGET_AFTER."""
    WorkerBeat.objects.filter(beat_at__lt=now - FORGET_AFTER).exclude(queue=bell.DEFAULT_QUEUE).delete()
