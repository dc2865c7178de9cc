"""The way of every API call: store's own delay, rate limit, fault, work, answer. The views only do the work."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox.blocks import Block, blocks
from clones.sandbox.calls import Call, Work, perform
from clones.sandbox.delivery import Parcel, deliver
from clones.sandbox.emails import take_for_email
from clones.sandbox.faults import fault_book
from clones.sandbox.holding import held_answers
from clones.sandbox.sabotage import spoil, too_many
from clones.sandbox.standing import take_standing
from clones.sandbox.traffic import traffic

View = Callable[..., HttpResponseBase]


def api_call(name: str) -> Callable[[Work], View]:
    """Make a view of a function that does one API call's work; `name` is the call in faults and in the log.

    The view takes the request, and the store's ID as text where the address has one.
    """

    def decorate(work: Work) -> View:
        @wraps(work)
        def view(request: HttpRequest, store_id: str | None = None) -> HttpResponseBase:
            with traffic.call():
                call = Call.of(name, request, store_id)
                if call.sleep and not held_answers.pause(call.sleep):
                    call.connection.drop()
                return deliver(call, _outcome(call, work))

        return view

    return decorate


def _outcome(call: Call, work: Work) -> Parcel:
    block = blocks.of(call.at, call.credential, call.address)
    if block is not None:
        return _blocked(call, block, max(0.0, call.at - block.began_at))
    block = blocks.count(call.credential, call.at)
    if block is not None:
        return _blocked(call, block, None)
    fault = fault_book.take(call.name, call.target, call.ticket) or take_standing(call) or take_for_email(call)
    return Parcel(perform(work, call)) if fault is None else spoil(fault, call, work)


def _blocked(call: Call, block: Block, blocked_seconds: float | None) -> Parcel:
    return Parcel(too_many(block, call.at), blocked_seconds=blocked_seconds)
