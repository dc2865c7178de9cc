"""The demo's parts together: all of them run, or none."""

import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final, Self

from clones.demo.log import Log
from clones.demo.parent import ENDING, Parent
from clones.demo.parts import Lifeline, Part

LOOK_EVERY_SECONDS: Final = 0.1
# From when each is asked: the worker takes 7 s at most to let come in what is in the air.
END_GRACE_SECONDS: Final = 9.0


class PartEndedError(Exception):
    """A part has ended without being asked to."""

    def __init__(self, part: Part) -> None:
        super().__init__(f"The {part.name} {part.how_it_ended}.")
        self.part = part


class Stage:
    """A context manager: whatever happens inside, no part is left when it is over.

    Inside, each of ENDING raises KeyboardInterrupt, as Ctrl-C does anyway.
    """

    def __init__(self, log: Log, *, until_parent_ends: bool) -> None:
        self.log = log
        self.parts: list[Part] = []
        self._lifeline = Lifeline()
        self._parent = Parent() if until_parent_ends else None
        self._in_a_hurry = False

    def __enter__(self) -> Self:
        for number in ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # ignored: started under nohup
                signal.signal(number, signal.default_int_handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number in ENDING:
            signal.signal(number, self._hurry)
        self._end()

    def start(self, name: str, *arguments: str) -> Part:
        """Start `python ARGUMENTS…` as a part."""
        part = Part(name, list(arguments), self._lifeline, self.log)
        self.parts.append(part)
        return part

    def check(self) -> None:
        """Raise PartEndedError where a part has ended, KeyboardInterrupt where nobody is left to run for."""
        for part in self.parts:
            if part.has_ended():
                raise PartEndedError(part)
        if self.log.is_broken or (self._parent and self._parent.is_ending()):
            raise KeyboardInterrupt

    def watch(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Return when something is over; without it, only by what `check` raises."""
        self.check()
        while not is_over():
            time.sleep(LOOK_EVERY_SECONDS)
            self.check()

    def _hurry(self, _number: int, _frame: FrameType | None) -> None:
        """A second signal: no more grace."""
        self._in_a_hurry = True

    def _end(self) -> None:
        """End the later parts, which talk to the first one, then that; kill what is left."""
        self._ask_to_end(self.parts[1:])
        self._ask_to_end(self.parts[:1])
        for part in self.parts:
            part.kill()

    def _ask_to_end(self, parts: Sequence[Part]) -> None:
        for part in parts:
            part.ask_to_end()
        deadline = time.monotonic() + END_GRACE_SECONDS
        while not (all(part.has_ended() for part in parts) or self._in_a_hurry) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_SECONDS / 2)
