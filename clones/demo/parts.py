"""A part of the demo: a program that runs beside the others, whose lines go into the log, and that ends as a whole."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Final

from clones.demo import guard
from clones.demo.environment import ROOT
from clones.demo.log import Log

LAST_LINES: Final = 12  # shown where a part has ended by itself
GONE_WITHIN_SECONDS: Final = 10.0  # after SIGKILL: the worker's cluster goes by its own lifeline, a moment later


class Lifeline:
    """The pipe that all guards wait at. The system closes the writing end with this process, however that ends."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()


class Part:
    """One program, as the leader of a process group of its own."""

    def __init__(self, name: str, arguments: list[str], lifeline: Lifeline, log: Log) -> None:
        """Start `python ARGUMENTS…` in the project's folder."""
        self.name = name
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        guarded = [sys.executable, "-I", "-S", str(Path(guard.__file__)), str(lifeline.reading)]
        self._process = subprocess.Popen(  # noqa: S603  our own programs
            [*guarded, sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(lifeline.reading,),
            start_new_session=True,  # Ctrl-C at the terminal reaches the demo alone, which then ends its parts
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The id of the program's process and of its group."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Tell whether the program has ended; others of its group may be left."""
        return self._process.poll() is not None

    @property
    def how_it_ended(self) -> str:
        """Its exit code, or the signal that killed it, in words."""
        code = self._process.returncode
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with exit code {code}"

    def line_that_begins(self, words: str) -> str:
        """Return the last such line; "" where there is none."""
        return next((line for line in reversed(self.last.copy()) if line.startswith(words)), "")

    def ask_to_end(self) -> None:
        """Let it finish what it is at."""
        if not self.has_ended():
            self._process.terminate()

    def kill(self) -> None:
        """Kill what is left of the group, and wait until nobody is left who could write to the log."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(GONE_WITHIN_SECONDS)

    def _read(self, log: Log) -> None:
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                self.last.append(line.rstrip())
                log.say(self.last[-1], self.name)
