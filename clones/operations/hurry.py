"""Asking Ecwid while a person waits: everything that one press of a button sends ends within a few seconds."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from clones.ecwid import NoAnswer, Timeouts

T = TypeVar("T")
Monotonic = Callable[[], float]

LIMIT_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0


class Hurry:
    """The time that one press of a button has, over all its requests; it begins when this is made."""

    def __init__(self, monotonic: Monotonic = time.monotonic, limit: float = LIMIT_SECONDS) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._limit = limit

    @property
    def took_seconds(self) -> float:
        """Seconds since it began."""
        return self._monotonic() - self._began

    @property
    def left_seconds(self) -> float:
        """Seconds until its end, never below 0."""
        return max(0.0, self._limit - self.took_seconds)

    def run(self, call: Callable[[Timeouts], T]) -> T:
        """Return what `call` returns, or raise what it raises; NoAnswer at the end of the time, whatever hangs.

        A client keeps to the timeouts by itself, except where the system looks for a host's address: for that the call
        has a thread of its own, which is left behind. A request that is late by then is held back by the client.
        """
        seconds = self._timeouts().total
        pool = ThreadPoolExecutor(1, thread_name_prefix="hurry")
        try:
            return pool.submit(lambda: call(self._timeouts())).result(seconds)
        except TimeoutError:
            raise NoAnswer("it did not come in time") from None
        finally:
            pool.shutdown(wait=False)

    def _timeouts(self) -> Timeouts:
        """Return what is left now. A call's own thread asks again: on a busy machine it may begin late."""
        left = self.left_seconds
        if left <= 0:
            raise NoAnswer("the time was used up before everything was asked")
        return Timeouts(connect=min(CONNECT_SECONDS, left), read=left, total=left)
