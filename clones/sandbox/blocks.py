"""Ecwid's rate limit: what each token has called in the last minute, and the blocks in which all its calls are ignored.

In memory: a restart of the sandbox forgets them.
"""

import math
import threading
from collections import Counter, deque
from dataclasses import dataclass, field

from clones.sandbox.options import options

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Block:
    """A time in which every call with one credential, or from one address, is answered with 429."""

    began_at: float
    ends_at: float
    retry_after: str = "0"

    def header(self, now: float) -> str:
        """Return what Retry-After says at `now`: the seconds left; a text that is no number stays as it is."""
        return str(max(1, math.ceil(self.ends_at - now))) if self.retry_after.isdecimal() else self.retry_after


@dataclass
class Blocks:
    """Blocks and counts by credential (a secret: never shown) and by address. Any thread may call any method."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _blocks: dict[str, Block] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _bad_calls: dict[str, deque[float]] = field(default_factory=dict)
    _bad_from: Counter[str] = field(default_factory=Counter)

    def begin(self, who: str, block: Block) -> Block:
        """Block a credential or an address."""
        with self._lock:
            self._blocks[who] = block
        return block

    def of(self, now: float, *who: str) -> Block | None:
        """Return the block in which one of these is at `now`."""
        with self._lock:
            found = (self._blocks.get(one) for one in who)
            return next((block for block in found if block is not None and now < block.ends_at), None)

    def count(self, credential: str, now: float) -> Block | None:
        """Count a call; return the block that it begins because it is one too many."""
        most = options.calls_a_minute
        with self._lock:
            lately = _lately(self._calls, credential, now)
            if not most or len(lately) < most:
                lately.append(now)
                return None
            self._blocks[credential] = Block(now, lately[0] + WINDOW_SECONDS)
            return self._blocks[credential]

    def count_bad(self, credential: str, address: str, now: float) -> None:
        """Count a call whose credential does not work. Too many begin a much longer block."""
        long = Block(now, now + options.long_block_seconds)
        with self._lock:
            lately = _lately(self._bad_calls, credential, now)
            lately.append(now)
            self._bad_from[address] += 1
            if 0 < options.bad_calls_a_minute <= len(lately):
                self._blocks[credential] = long
            if 0 < options.bad_calls_from_one_address <= self._bad_from[address]:
                del self._bad_from[address]
                self._blocks[address] = long

    def running(self, now: float) -> list[Block]:
        """Return the blocks of now, without telling whose they are."""
        with self._lock:
            return [block for block in self._blocks.values() if now < block.ends_at]

    def clear(self) -> None:
        """End all blocks and forget all counts."""
        with self._lock:
            for book in (self._blocks, self._calls, self._bad_calls, self._bad_from):
                book.clear()


def _lately(book: dict[str, deque[float]], who: str, now: float) -> deque[float]:
    """Return the times of the last minute, without those that are older."""
    times = book.setdefault(who, deque())
    while times and times[0] <= now - WINDOW_SECONDS:
        times.popleft()
    return times


blocks = Blocks()
