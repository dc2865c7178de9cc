"""Finding the processes that a test started, and a port for one to come."""

import itertools
import os
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

FIRST_PORT, PORTS_EACH, PROCESSES = 12_000, 1_250, 16  # up to 32,000: Linux gives away those from 32,768 on
MARK = "PORTAL_TEST_WORKER"  # a variable that every process inherits: that is how the test finds them all


class Startable(ABC):
    """Context manager: something that is started and surely ended, also where its start fails half-way."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it is ready."""

    def end(self) -> None:
        """End it for good, as its tests leave it."""
        self.kill()

    @abstractmethod
    def kill(self) -> None:
        """End it with SIGKILL."""


def marked_processes(mark: str) -> list[int]:
    """Return the ids of all living processes that inherited `mark` as MARK, whoever their parent is."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return sorted(pid for pid in pids if _is_marked(pid, mark))


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each of these processes that has not ended meanwhile."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_marked(pid: int, mark: str) -> bool:
    try:
        marked = f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return marked and _state(pid) != "Z"
    except OSError:
        return False


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def free_port() -> int:
    """Return a port for a server to come, which may also be started anew at it.

    It lies below those that the system gives to callers and to whoever asks for any, and no other test process of this
    run looks for one where this one does: between here and the start of the server nobody takes it.
    """
    return next(port for port in _ports if _is_free(port))


def _ports_of(process: str) -> Iterator[int]:
    """Yield the ports of an xdist process ("gw0", "gw1" …) again and again; other runs begin elsewhere among them."""
    first = FIRST_PORT + PORTS_EACH * (int(process.removeprefix("gw") or 0) % PROCESSES)
    start = os.getpid() % PORTS_EACH
    return itertools.cycle([first + (start + turn) % PORTS_EACH for turn in range(PORTS_EACH)])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what an ended server leaves is in nobody's way
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_ports = _ports_of(os.environ.get("PYTEST_XDIST_WORKER", ""))


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # in user and in system mode
    return ticks / os.sysconf("SC_CLK_TCK")


def megabytes(pids: Iterable[int]) -> float:
    """Return the memory of these processes, with what they share counted once."""
    kilobytes = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024
