"""The workers of a run: each `manage.py worker` with all its processes, killed, stopped and started again."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

from tests.processes import MARK, marked_processes, send

ROOT = Path(__file__).resolve().parent.parent.parent
RESTART_AFTER_SECONDS = 1.0


class Cluster:
    """One worker under a service manager that says "restart always". `number` counts from 0."""

    def __init__(self, number: int, log: Path, environment: dict[str, str]) -> None:
        self.number = number
        self.log = log
        self._environment = environment
        self._marks: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_at: float | None = None

    def keep_running(self) -> None:
        """Start it where it does not run; a second after it ended, as a service manager does."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None and self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._ended_at is None or time.monotonic() - self._ended_at > RESTART_AFTER_SECONDS:
            self._start()

    def kill(self, number: int) -> str:
        """SIGKILL one process, chosen by `number`; return what it was, "" where none runs."""
        processes = self._processes_by_role()
        if not processes:
            return ""
        pid, role = processes[number % len(processes)]
        send([pid], signal.SIGKILL)
        return role

    def stop(self) -> None:
        """SIGSTOP all processes, as if the machine was asleep."""
        for _ in range(2):  # a process may have been forked meanwhile
            send(marked_processes(self._marks[-1]), signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT all processes, also of watchdogs that were killed meanwhile."""
        send(self.processes(), signal.SIGCONT)

    def orphans(self) -> list[int]:
        """Return the processes that outlived their watchdog."""
        return [pid for mark in self._marks[:-1] for pid in marked_processes(mark)]

    def processes(self) -> list[int]:
        """Return all living processes."""
        return [pid for mark in self._marks for pid in marked_processes(mark)]

    def ask_to_end(self) -> None:
        """Send SIGTERM to the watchdog, as an operator does."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> int | None:
        """Return the watchdog's exit code, None where it does not end in time."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def clear_away(self) -> None:
        """Kill whatever is left."""
        while pids := self.processes():
            send(pids, signal.SIGKILL)
            if self._process is not None:
                self._process.poll()
            time.sleep(0.02)

    def _start(self) -> None:
        self._marks.append(uuid.uuid4().hex)
        self._ended_at = None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env={**os.environ, **self._environment, MARK: self._marks[-1]},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _processes_by_role(self) -> list[tuple[int, str]]:
        """Return (process, role): the watchdog starts main, main the sentinel, the sentinel all others."""
        if self._process is None or not self._marks:
            return []
        roles = {self._process.pid: "watchdog"}
        below = {"watchdog": "main", "main": "sentinel", "sentinel": "worker, monitor or pusher"}
        for pid in marked_processes(self._marks[-1]):  # in order of their start
            with suppress(OSError):
                roles.setdefault(pid, below.get(roles.get(_parent(pid), ""), below["sentinel"]))
        return [(pid, role) for pid, role in roles.items() if self._process.poll() is None or role != "watchdog"]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
