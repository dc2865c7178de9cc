"""The faults that tests and trainers put in the way of calls, and the blocks that follow a rate limit.

Both live in memory: a restart of the sandbox clears them.
"""

import itertools
import math
import random
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum

ANY_CALL = "any"
UNREADABLE_BLOCK_SECONDS = 60.0  # what a client should assume, too


class FaultKind(StrEnum):
    """What goes wrong. `views.control_faults` describes each."""

    HTTP_500 = "http_500"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HOLD_BEFORE = "hold_before"
    HOLD_AFTER = "hold_after"
    HOLD_MIDWAY = "hold_midway"
    RATE_LIMIT = "rate_limit"


@dataclass(frozen=True)
class FaultSpec:
    """The fields of `POST /control/faults`."""

    fault: str
    call: str = ANY_CALL
    times: int | None = 1
    skip: int = 0
    rate: float = 1.0
    seed: int = 0
    target: str = ""
    retry_after: str = "2"
    block_seconds: float | None = None
    http_status: int | None = None
    done: bool | None = None


@dataclass
class Fault:
    """A fault with what is left of it."""

    id: int
    kind: FaultKind
    spec: FaultSpec
    left: int | None
    skip: int
    dice: random.Random

    def strikes(self, call: str, target: str, ticket: str) -> bool:
        """Tell whether it hits this call, and count it."""
        spec = self.spec
        if self.left == 0 or spec.call not in {ANY_CALL, call} or (spec.target and spec.target not in {target, ticket}):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.dice.random() >= spec.rate:
            return False
        self.left = None if self.left is None else self.left - 1
        return True


@dataclass(frozen=True)
class Block:
    """A time in which every call with one credential is answered with 429."""

    began_at: float
    ends_at: float
    retry_after: str

    def header(self, now: float) -> str:
        """Return what Retry-After says at `now`: the seconds left; a text that is no number stays as it is."""
        return str(max(1, math.ceil(self.ends_at - now))) if self.retry_after.isdigit() else self.retry_after


@dataclass
class FaultBook:
    """All faults and blocks of this process. Every method may be called from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _faults: list[Fault] = field(default_factory=list)
    _blocks: dict[str, Block] = field(default_factory=dict)

    def add(self, spec: FaultSpec) -> int:
        """Put a fault behind those that are there; the first that strikes wins. ValueError: an unknown kind."""
        with self._lock:
            number = next(self._numbers)
            dice = random.Random(spec.seed)  # noqa: S311  repeatable by seed is the point
            self._faults.append(Fault(number, FaultKind(spec.fault), spec, spec.times, spec.skip, dice))
        return number

    def clear(self) -> None:
        """Forget all faults, and end all blocks."""
        with self._lock:
            self._faults.clear()
            self._blocks.clear()

    def take(self, call: str, target: str, ticket: str) -> Fault | None:
        """Return the fault that hits this call, None when none does."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(call, target, ticket)), None)

    def block_of(self, credential: str, now: float) -> Block | None:
        """Return the block in which this application or token is at `now`."""
        with self._lock:
            block = self._blocks.get(credential)
        return block if block is not None and now < block.ends_at else None

    def begin_block(self, credential: str, spec: FaultSpec) -> Block:
        """Block the application or token from now on, for as long as Retry-After or `block_seconds` says."""
        now = time.time()
        seconds = _block_seconds(spec.retry_after, now) if spec.block_seconds is None else spec.block_seconds
        block = Block(now, now + seconds, spec.retry_after)
        with self._lock:
            self._blocks[credential] = block
        return block


def _block_seconds(retry_after: str, now: float) -> float:
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return UNREADABLE_BLOCK_SECONDS


fault_book = FaultBook()
