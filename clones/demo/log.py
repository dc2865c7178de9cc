"""One readable log of several programs: each line begins with the name of who wrote it, in a colour on a terminal."""

import contextlib
import os
import sys
import threading
from typing import Final, TextIO

DEMO: Final = "demo"
COLOURS: Final = {DEMO: "1", "sandbox": "33", "web": "36", "worker": "35"}  # ANSI: bold, yellow, cyan, magenta
WIDTH: Final = max(map(len, COLOURS))


class Log:
    """Writes whole lines, from any thread. `is_broken`: whoever read them has gone, and nothing is written any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._is_coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        self.is_broken = False

    def say(self, text: str, who: str = DEMO) -> None:
        """Write each line of `text` at once, also into a pipe or a file."""
        before = f"{who:<{WIDTH}} | "
        if self._is_coloured:
            before = f"\x1b[{COLOURS[who]}m{before}\x1b[0m"
        lines = "".join(f"{before}{line}\n" for line in text.splitlines())
        encoding = self._stream.encoding or "utf-8"
        with self._lock:
            if not self.is_broken:
                try:
                    self._stream.write(lines.encode(encoding, "replace").decode(encoding))
                    self._stream.flush()
                except (OSError, ValueError):
                    self._give_up()

    def _give_up(self) -> None:
        """Point the stream at nothing: else the interpreter complains at its end about what it could not write."""
        self.is_broken = True
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def own_log() -> Log:
    """Return the log on this program's own output."""
    return Log(sys.stdout)
