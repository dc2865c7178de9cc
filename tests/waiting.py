"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 120.0  # only a broken test waits so long
LONGEST_PAUSE_SECONDS = 0.1  # what is waited for takes seconds, and needs the processor that a look takes


def until(condition: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first true value of `condition`; fail the test where none comes within `seconds`."""
    deadline, pause = time.monotonic() + seconds, 0.01
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(pause)
        pause = min(LONGEST_PAUSE_SECONDS, pause * 1.3)
    message = f"Waited {seconds:g} s in vain for: {what}"
    raise AssertionError(message)
