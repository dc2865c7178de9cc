"""What the reads of one store share: GET only, the store's token and its scope, and responseFields."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox.access import store_in_address
from clones.sandbox.answers import Answer, said
from clones.sandbox.api import View, api_call
from clones.sandbox.calls import Call, wrong_parameter
from clones.sandbox.contract import AccessScope
from clones.sandbox.fields import Wanted, parse, pick
from clones.sandbox.models import Store
from clones.sandbox.views.unknown import unknown_call

Read = Callable[[Call, Store], object]


def store_read(name: str, scope: AccessScope) -> Callable[[Read], View]:
    """Make a view of a function that returns what a call reads out of a store, as JSON values."""

    def decorate(read: Read) -> View:
        @api_call(name)
        def answer(call: Call) -> Answer:
            store = store_in_address(call, scope)
            return said(pick(read(call, store), wanted_of(call)))

        @wraps(read)
        def view(request: HttpRequest, store_id: str) -> HttpResponseBase:
            return (answer if request.method == "GET" else unknown_call)(request, store_id)

        return view

    return decorate


def wanted_of(call: Call) -> Wanted:
    """Return what the call asks for, None for everything. ApiError: responseFields cannot be read."""
    text = call.parameter("responseFields")
    try:
        return parse(text) if text else None
    except ValueError as failure:
        raise wrong_parameter(f"Parameter responseFields cannot be read: {text or ''}"[:200]) from failure
