"""One running django-q2 cluster as its watchdog sees it: a process group that lives, beats, and can be killed whole."""

import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from clones.engine import bell, seat
from clones.models import WorkerBeat

START_GRACE_SECONDS: Final = 10.0  # imports and forks, before the first beat can come
COUNT_EVERY_SECONDS: Final = 1.0  # reading all of /proc is not free
INCOMPLETE_SECONDS: Final = 8.0  # a sentinel in order replaces a process within one
GONE_WITHIN_SECONDS: Final = 5.0
WHOLE: Final[int] = settings.Q_WORKERS + 4  # main, sentinel, monitor, pusher


class ClusterProcess:
    """One django-q2 cluster in a process group of its own."""

    def __init__(self) -> None:
        self.queue = f"{bell.DEFAULT_QUEUE}-{uuid.uuid4().hex[:12]}"
        self.beat_at: datetime = seat.announce(self.queue, timezone.now()).beat_at
        self.has_beaten = False
        self.silent_from = self.whole_at = time.monotonic() + START_GRACE_SECONDS
        self.next_count = 0.0
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

    def stays_incomplete(self) -> bool:
        """Tell whether a process has been missing for INCOMPLETE_SECONDS.

        django-q2's sentinel waits for ever for a lock that died with a worker. The others then go on working, and beat,
        but nobody replaces or times out any of them.
        """
        now = time.monotonic()
        if now >= self.next_count:
            self.next_count = now + COUNT_EVERY_SECONDS
            count = _living_processes(self._process.pid)
            self.whole_at = now if count is None or count >= WHOLE else self.whole_at
        return now - self.whole_at > INCOMPLETE_SECONDS

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


def _living_processes(group: int) -> int | None:
    """Count the processes of a group that are not zombies; None where the system has no /proc to tell."""
    count = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it has just ended
            continue
        count += int(its_group) == group and state not in "ZX"
    return count or None
