"""What is known and allowed of the call that this thread is making: when it ends, and whether bytes left the machine.

The connections of `session` consult it, since between a call and its socket lie two libraries that know of neither.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from clones.ecwid.errors import NotSent

# Asked at the last moment before a request leaves: why it must not; "" where it may. Any thread may ask.
Fence: TypeAlias = Callable[[], str]


class Watch:
    """One call. Belongs to one thread.

    `tracked`: its connection reports here, so that `written` can be relied on. `written`: bytes may have left.
    """

    def __init__(self, seconds: float, fence: Fence | None, monotonic: Callable[[], float]) -> None:
        """Start the clock: the call ends `seconds` from now, and begins to send only where `fence` lets it."""
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds
        self._fence = fence
        self.tracked = False
        self.written = False

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._ends_at - self._monotonic())

    def check_fence(self) -> None:
        """Raise NotSent where it must not begin any more."""
        reason = self._fence() if self._fence else ""
        if reason:
            raise NotSent(f"The request was held back: {reason}.")
        if self.remaining() <= 0:
            raise NotSent("The request was held back: its time was used up before it could be sent.")

    def begin_writing(self) -> None:
        """Note that bytes are about to leave; raise NotSent where the first ones must not."""
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
