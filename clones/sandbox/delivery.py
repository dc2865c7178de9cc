"""Sends an answer, whole or spoilt on purpose, and writes the request log."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponseBase, StreamingHttpResponse

from clones.sandbox.answers import Answer
from clones.sandbox.calls import Call
from clones.sandbox.database import writing
from clones.sandbox.faults import FaultKind
from clones.sandbox.holding import LetGo
from clones.sandbox.models import RequestLog

LOGGED_CHARACTERS = 100  # of anything that the client chose


@dataclass(frozen=True)
class Route:
    """How far an answer gets: its first half goes out early, it is held, its end goes out."""

    begins: bool = False
    stage: str = ""  # where it is held: after, midway, or "" for not at all
    ends: bool = True


WHOLE = Route()
NOTHING = Route(ends=False)
FIRST_HALF = Route(begins=True, ends=False)
HELD_AFTER = Route(stage="after")
HELD_MIDWAY = Route(begins=True, stage="midway")


@dataclass(frozen=True)
class Parcel:
    """An answer, the way it takes, and what the log says about it."""

    answer: Answer
    route: Route = WHOLE
    fault: FaultKind | None = None
    blocked_seconds: float | None = None


def deliver(call: Call, parcel: Parcel) -> HttpResponseBase:
    """Log the call and return the response that sends the parcel. The log row is there before the first byte leaves."""
    body, headers = parcel.answer.packed(call.request)
    row = _logged(call, parcel)
    response = StreamingHttpResponse(_pieces(call, parcel.route, body, row), status=parcel.answer.http_status)
    del response["Content-Type"]
    for name, value in headers.items():
        response[name] = value
    return response


def _logged(call: Call, parcel: Parcel) -> RequestLog:
    sends = parcel.route.begins or parcel.route.ends
    row = RequestLog(
        at=call.at,
        call=call.name,
        method=call.request.method or "",
        client_id=call.client_id[:LOGGED_CHARACTERS],
        target=call.target[:LOGGED_CHARACTERS],
        ticket=(parcel.answer.ticket or call.ticket)[:LOGGED_CHARACTERS],
        http_status=parcel.answer.http_status if sends else None,
        error_code=parcel.answer.error_code if sends else "",
        fault=parcel.fault or "",
        blocked_seconds=parcel.blocked_seconds,
        delivered=parcel.route == WHOLE and not call.connection.is_gone(),
    )
    with writing():
        row.save(force_insert=True)
    return row


def _pieces(call: Call, route: Route, body: bytes, row: RequestLog) -> Iterator[bytes]:
    cut = len(body) // 2 if route.begins else 0
    if cut:
        yield body[:cut]
    if route.stage and call.hold(route.stage, row.ticket) is not LetGo.RELEASED:
        call.connection.drop()
    if not route.ends or call.connection.is_gone():
        _mark(row, delivered=False)
        call.connection.drop()
    _mark(row, delivered=True)  # before the bytes: whoever has read the answer finds it in the log
    try:
        yield body[cut:]
    except GeneratorExit:
        _mark(row, delivered=False)
        raise


def _mark(row: RequestLog, *, delivered: bool) -> None:
    if row.delivered != delivered:
        row.delivered = delivered
        with writing():  # not save(): a reset may have taken the row away
            RequestLog.objects.filter(pk=row.pk).update(delivered=delivered)
