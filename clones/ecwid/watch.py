"""What is known and allowed of the call that this thread is making: when it ends, and whether bytes left the machine.

The connections of `session` consult it, since between a call and its socket lie two libraries that know of neither.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from clones.ecwid.errors import NotSent


class Watch:
    """One call. Belongs to one thread.

    `tracked`: its connection reports here, so that `written` can be relied on. `written`: bytes may have left.
    """

    def __init__(self, seconds: float, send_before: float | None, monotonic: Callable[[], float]) -> None:
        """Start the clock: the call ends `seconds` from now, and may begin to send until `send_before`."""
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds
        self._send_before = send_before
        self.tracked = False
        self.written = False

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._ends_at - self._monotonic())

    def check_fence(self) -> None:
        """Raise NotSent when it is too late to begin."""
        if self._send_before is not None and self._monotonic() >= self._send_before:
            raise NotSent("The request was held back: it was too late to send it.")
        if self.remaining() <= 0:
            raise NotSent("The request was held back: its time was used up before it could be sent.")

    def begin_writing(self) -> None:
        """Note that bytes are about to leave; raise NotSent when it is too late for the first ones."""
        if not self.written:
            self.check_fence()
        self.written = True


_current: ContextVar[Watch | None] = ContextVar("ecwid_watch", default=None)


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Make it this thread's current watch."""
    token = _current.set(watch)
    try:
        yield watch
    finally:
        _current.reset(token)


def current_watch() -> Watch | None:
    """The watch of the call that this thread is making; None outside one."""
    return _current.get()
