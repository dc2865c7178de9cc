"""The way of every API call: store's own delay, block, fault, work, answer. The views only do the work."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox.calls import Call, Work, perform
from clones.sandbox.delivery import Parcel, deliver
from clones.sandbox.faults import fault_book
from clones.sandbox.holding import held_answers
from clones.sandbox.sabotage import spoil, too_many

View = Callable[..., HttpResponseBase]


def api_call(name: str) -> Callable[[Work], View]:
    """Make a view of a function that does one API call's work; `name` is the call in faults and in the log.

    The view takes the request, and the store's ID as text where the address has one.
    """

    def decorate(work: Work) -> View:
        @wraps(work)
        def view(request: HttpRequest, store_id: str | None = None) -> HttpResponseBase:
            call = Call.of(name, request, store_id)
            if call.sleep:
                held_answers.pause(call.sleep)
            return deliver(call, _outcome(call, work))

        return view

    return decorate


def _outcome(call: Call, work: Work) -> Parcel:
    block = fault_book.block_of(call.credential, call.at)
    if block is not None:
        return Parcel(too_many(block, call.at), blocked_seconds=max(0.0, call.at - block.began_at))
    fault = fault_book.take(call.name, call.target, call.ticket)
    return Parcel(perform(work, call)) if fault is None else spoil(fault, call, work)
