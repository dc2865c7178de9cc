"""What each fault does to a call: whether its work is done, which answer goes out, and how far that gets."""

import time
from collections.abc import Callable
from dataclasses import replace

from clones.sandbox.answers import HTML_PAGE, Answer, error, said
from clones.sandbox.blocks import Block, blocks
from clones.sandbox.calls import Call, Work, perform
from clones.sandbox.contract import GENERAL_ERRORS_BY_CODE, INTERNAL_ERROR, RATE_LIMITED
from clones.sandbox.delivery import FIRST_HALF, HELD_AFTER, HELD_MIDWAY, NOTHING, Parcel, Route
from clones.sandbox.faults import Fault, FaultKind
from clones.sandbox.holding import LetGo

NO_ANSWER = Answer(503, "")  # never leaves: its route is NOTHING


def spoil(fault: Fault, call: Call, work: Work) -> Parcel:
    """Let the fault happen to the call; return what is to be sent."""
    return replace(SPOILERS[fault.kind](fault, call, work), fault=fault.kind)


def too_many(block: Block, now: float) -> Answer:
    """Return the answer to a call inside a block."""
    return error(RATE_LIMITED, "Too many requests", {"Retry-After": block.header(now)})


def _instead(fault: Fault, call: Call, work: Work, answer: Answer) -> Parcel:
    """Send `answer` instead of the true one; the work is done first if the fault says so."""
    ticket = perform(work, call).ticket if fault.spec.done else ""
    return Parcel(replace(answer, http_status=fault.spec.http_status or answer.http_status, ticket=ticket))


def _error(fault: Fault, call: Call, work: Work) -> Parcel:
    kind = GENERAL_ERRORS_BY_CODE[fault.spec.error_code]
    return _instead(fault, call, work, error(kind, f"{kind.code} on purpose"))


def _http_500(fault: Fault, call: Call, work: Work) -> Parcel:
    return _instead(fault, call, work, error(INTERNAL_ERROR, "Internal error"))


def _html(fault: Fault, call: Call, work: Work) -> Parcel:
    return _instead(fault, call, work, Answer(502, HTML_PAGE, content_type="text/html"))


def _empty(fault: Fault, call: Call, work: Work) -> Parcel:
    return _instead(fault, call, work, Answer(200, ""))


def _truncated(fault: Fault, call: Call, work: Work) -> Parcel:
    is_done = fault.spec.done is not False
    answer = perform(work, call) if is_done else said({"success": True, "ticket": "never handed out"})
    return Parcel(replace(answer, http_status=fault.spec.http_status or answer.http_status), FIRST_HALF)


def _drop_before(_fault: Fault, _call: Call, _work: Work) -> Parcel:
    return Parcel(NO_ANSWER, NOTHING)


def _hold_before(_fault: Fault, call: Call, work: Work) -> Parcel:
    if call.hold("before") is LetGo.SHUTDOWN:
        return Parcel(NO_ANSWER, NOTHING)
    return Parcel(perform(work, call))


def _after(route: Route) -> "Spoiler":
    """Return a fault that does the work, and lets its true answer take `route`."""

    def spoiler(_fault: Fault, call: Call, work: Work) -> Parcel:
        return Parcel(perform(work, call), route)

    return spoiler


def _rate_limit(fault: Fault, call: Call, _work: Work) -> Parcel:
    # Now, when it is told, and not when the call came in: a slow store's answer was on its way meanwhile.
    block = blocks.begin(call.credential, fault.spec.block(time.time()))
    return Parcel(too_many(block, block.began_at))


Spoiler = Callable[[Fault, Call, Work], Parcel]
SPOILERS: dict[FaultKind, Spoiler] = {
    FaultKind.ERROR: _error,
    FaultKind.HTTP_500: _http_500,
    FaultKind.HTML: _html,
    FaultKind.EMPTY: _empty,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.DROP_BEFORE: _drop_before,
    FaultKind.DROP_AFTER: _after(NOTHING),
    FaultKind.HOLD_BEFORE: _hold_before,
    FaultKind.HOLD_AFTER: _after(HELD_AFTER),
    FaultKind.HOLD_MIDWAY: _after(HELD_MIDWAY),
    FaultKind.RATE_LIMIT: _rate_limit,
}
