"""Which API calls are on their way: a reset lets them end first, so that none of them changes the world after it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_AGAIN_SECONDS = 0.05


class Traffic:
    """A gate before the API. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._on_the_way = 0
        self._closed = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Be on the way; waits while the gate is closed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._on_the_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._on_the_way -= 1
                self._changed.notify_all()

    @contextmanager
    def stopped(self, hurry: Callable[[], object]) -> Iterator[None]:
        """Have nothing on the way. `hurry` is called until the last call is through: one may begin to wait only now."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._closed = True
        try:
            hurry()  # also the answers that are held after their work: they are not on the way any more
            while not self._is_clear(LOOK_AGAIN_SECONDS):
                hurry()
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()

    def _is_clear(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._on_the_way, seconds)


traffic = Traffic()
