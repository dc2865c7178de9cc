"""The process that started this one, which for `make demo` is make: whether it still runs, and wants us to."""

import os
import signal
from pathlib import Path
from typing import Final

from clones.demo.environment import PARENT

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Parent:
    """Looks at the parent from when it is made on."""

    def __init__(self) -> None:
        self._caught = _caught_by(PARENT)

    def is_ending(self) -> bool:
        """Tell whether it has ended, or was told to: make then catches no further signal and waits for us, untold."""
        return os.getppid() != PARENT or _caught_by(PARENT) != self._caught


def _caught_by(pid: int) -> frozenset[signal.Signals]:
    """Return which of ENDING a process has a handler for; none where the system has no /proc to tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    mask = int(status.partition("SigCgt:")[2].split()[0], 16)
    return frozenset(number for number in ENDING if mask & 1 << number - 1)
