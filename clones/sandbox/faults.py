"""The faults that tests and trainers put in the way of calls. In memory: a restart of the sandbox clears them.

A store's own faults, which survive, are `standing`'s.
"""

import itertools
import random
import threading
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum

from clones.sandbox.blocks import Block
from clones.sandbox.contract import GENERAL_ERRORS_BY_CODE, INTERNAL_ERROR

ANY_CALL = "any"
CALLS = (
    "clone_start",
    "clone_status",
    "store_create",
    "store_lookup",
    "profile",
    "products",
    "categories",
    "classes",
    "latest_stats",
    "site_token",
    "site_clone",
    "unknown",
)
UNREADABLE_BLOCK_SECONDS = 60.0  # what a client should assume, too


class FaultKind(StrEnum):
    """What goes wrong; `FAULT_WORDS describes each."""

    ERROR = "error"
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


FAULT_WORDS = {
    FaultKind.ERROR: "the general error error_code (INTERNAL_ERROR) with its status; the work is not done unless done",
    FaultKind.HTTP_500: "500 with INTERNAL_ERROR and no success; the work is not done unless done",
    FaultKind.HTML: "502 with a page of HTML; the work is not done unless done",
    FaultKind.EMPTY: "200 with an empty body; the work is not done unless done",
    FaultKind.TRUNCATED: "the work is done unless done is false; half of the answer goes out, then no more",
    FaultKind.DROP_BEFORE: "the connection closes; nothing is done",
    FaultKind.DROP_AFTER: "the work is done; the connection closes without an answer",
    FaultKind.HOLD_BEFORE: "held; then the work is done and answered, even if the client has left (not at a shutdown)",
    FaultKind.HOLD_AFTER: "the work is done; the answer is held",
    FaultKind.HOLD_MIDWAY: "the work is done; half of the answer goes out, the rest is held",
    FaultKind.RATE_LIMIT: "429 with Retry-After; begins a block: every call with this token gets 429 until it ends",
}


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
    error_code: str = INTERNAL_ERROR.code

    def check(self) -> None:
        """Raise ValueError, with a sentence, for a word that means nothing here."""
        for name, value, known in (
            ("fault", self.fault, tuple(FaultKind)),
            ("call", self.call, (ANY_CALL, *CALLS)),
            ("error_code", self.error_code, tuple(GENERAL_ERRORS_BY_CODE)),
        ):
            if value not in known:
                message = f"{name}: {value!r} is none of {', '.join(known)}"
                raise ValueError(message)

    def block(self, now: float) -> Block:
        """Return the block that a `rate_limit` begins, for as long as `retry_after` or `block_seconds` says."""
        seconds = _block_seconds(self.retry_after, now) if self.block_seconds is None else self.block_seconds
        return Block(now, now + seconds, self.retry_after)


@dataclass
class Fault:
    """A fault with what is left of it."""

    id: int
    kind: FaultKind
    spec: FaultSpec
    left: int | None
    skip: int
    dice: random.Random

    @classmethod
    def of(cls, spec: FaultSpec, number: int = 0) -> "Fault":
        """Return the fault that `spec` asks for; `number` is what it is known by."""
        dice = random.Random(spec.seed)  # noqa: S311  repeatable by seed is the point
        return cls(number, FaultKind(spec.fault), spec, spec.times, spec.skip, dice)

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


@dataclass
class FaultBook:
    """All faults of this process. Every method may be called from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _faults: list[Fault] = field(default_factory=list)

    def add(self, spec: FaultSpec) -> int:
        """Put a fault behind those that are there; the first that strikes wins. ValueError: see `FaultSpec.check`."""
        spec.check()
        with self._lock:
            number = next(self._numbers)
            self._faults.append(Fault.of(spec, number))
        return number

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def standing(self) -> list[Fault]:
        """Return the faults that may still strike."""
        with self._lock:
            return [fault for fault in self._faults if fault.left != 0]

    def take(self, call: str, target: str, ticket: str) -> Fault | None:
        """Return the fault that hits this call, None when none does."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(call, target, ticket)), None)


def _block_seconds(retry_after: str, now: float) -> float:
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return UNREADABLE_BLOCK_SECONDS


fault_book = FaultBook()
