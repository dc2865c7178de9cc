"""Requests and answers as plain values, and the one reading that every answer goes through. Pure: no I/O, no clock.

`read` is the contract's section 9 in code: body first, whatever the HTTP status.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from clones.ecwid.codes import GeneralErrorCode, meant
from clones.ecwid.errors import EcwidError, NoAnswer, RateLimited
from clones.ecwid.pauses import read_retry_after
from clones.ecwid.refusals import Refusal, refused
from clones.ecwid.values import LONGEST_CODE, LONGEST_MESSAGE, Json, Malformed, flag, said, text

T = TypeVar("T")

# Classes of HTTP statuses, by their first digit.
_SUCCESS, _CLIENT_ERROR = 2, 4
# A refused key is one whatever stands in the body, or in its place.
CREDENTIALS_STATUSES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# To a question that changes nothing, a bare 404 is an answer too.
READ_STATUSES = CREDENTIALS_STATUSES | {HTTPStatus.NOT_FOUND}


@dataclass(frozen=True)
class Request:
    """One HTTP request, and how its answer is to be read.

    `answer_key`: the key by which a 2xx answer shows that it is one, even where an errorCode stands beside it.
    `wins_beside_false`: values under that key that are an answer even beside `"success": false`.
    `settled_by`: statuses that are an answer by themselves, whatever the body.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    answer_key: str = ""
    wins_beside_false: frozenset[str] = frozenset()
    settled_by: frozenset[HTTPStatus] = CREDENTIALS_STATUSES
    refused: Callable[[Refusal], EcwidError] = refused


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, decoded but not understood. `received_at` is a Unix time."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    received_at: float = 0.0


@dataclass(frozen=True)
class Body:
    """A parsed body; where it was not readable as JSON, `value` is None."""

    value: Json
    is_json: bool


def read(request: Request, answer: Answer, shape: Callable[[Json], T]) -> T:
    """Give what `shape` makes of the body, or raise what else the answer means (any leaf of EcwidError but NotSent)."""
    body = settle(request, answer)
    if body.value is None and body.is_json:
        raise NoAnswer("the answer is null", answer.status)
    if not body.is_json:
        raise NoAnswer("the answer is not JSON" if answer.body.strip() else "the answer is empty", answer.status)
    try:
        return shape(body.value)
    except Malformed as malformed:
        failure = NoAnswer(str(malformed), answer.status)
    raise failure


def settle(request: Request, answer: Answer) -> Body:
    """Raise unless the answer is a 2xx without a refusal in it; give the parsed body, whatever it is."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _rate_limited(answer)
    body = parse(answer.body)
    refusal = _refusal_in(request, answer.status, body.value)
    if refusal is None and answer.status in request.settled_by:
        refusal = Refusal("", "", answer.status)
    if refusal is None and not _is_success(answer.status):
        raise NoAnswer(f"HTTP status {answer.status} without a readable refusal", answer.status)
    if refusal is None:
        return body
    if GeneralErrorCode.named(refusal.code) is GeneralErrorCode.RATE_LIMITED:
        raise _rate_limited(answer)
    raise request.refused(refusal)


def parse(body: bytes) -> Body:
    """Parse JSON out of arbitrary bytes: never raises. A key standing twice with different values is not readable."""
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unambiguous, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Body(None, is_json=False)
    return Body(value, is_json=True)


def _unambiguous(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    taken = dict(pairs)
    if len(taken) != len(pairs) and any(taken[key] != value for key, value in pairs):
        raise ValueError
    return taken


def _no_constant(_name: str) -> Json:
    # NaN and Infinity are no JSON, although Python's parser takes them.
    raise ValueError


def _rate_limited(answer: Answer) -> RateLimited:
    return RateLimited(read_retry_after(answer.headers, answer.received_at))


def _refusal_in(request: Request, status: int, body: Json) -> Refusal | None:
    if not isinstance(body, dict):
        return None
    answers = _is_success(status) and body.get(request.answer_key) not in (None, "")
    success = flag(body.get("success"))
    if success is False:
        refuses = not (answers and meant(text(body.get(request.answer_key))) in request.wins_beside_false)
    else:
        refuses = success is None and _has_code(body) and not answers and _may_refuse_by_code(status)
    if not refuses:
        return None
    code = said(body.get("errorCode"), request.secrets, LONGEST_CODE)
    return Refusal(code, said(body.get("errorMessage"), request.secrets, LONGEST_MESSAGE), status)


def _has_code(body: Mapping[str, Json]) -> bool:
    """Whether an error code stands in the body."""
    return bool(said(body.get("errorCode"), (), LONGEST_CODE).strip())


def _may_refuse_by_code(status: int) -> bool:
    # A 5xx or a 408 with a code may be a gateway that lost the answer of a request that was executed.
    return _is_success(status) or (status // 100 == _CLIENT_ERROR and status != HTTPStatus.REQUEST_TIMEOUT)


def _is_success(status: int) -> bool:
    return status // 100 == _SUCCESS
