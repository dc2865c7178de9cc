"""Start a clone and follow it: `/api/v3/stores/clone`, sections 3 and 4 of the contract."""

import json

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox import contract
from clones.sandbox.access import application
from clones.sandbox.answers import Answer, ApiError, error, refused, said
from clones.sandbox.api import api_call
from clones.sandbox.calls import Call, is_whole_number, wrong_parameter
from clones.sandbox.checks import Refused, first_refusal
from clones.sandbox.cloning import Wish, accept
from clones.sandbox.contract import AppScope, Scope, Status
from clones.sandbox.database import writing
from clones.sandbox.models import App, CloneTicket, Store
from clones.sandbox.mover import mover
from clones.sandbox.views.unknown import unknown_call

# A mapping may be a megabyte: it is read where it is answered.
ASKED_FOR = ("status", "error_message", "source__status_words", "target__status_words")


def stores_clone(request: HttpRequest) -> HttpResponseBase:
    """Tell the two calls of this address apart."""
    return {"POST": clone_start, "GET": clone_status}.get(request.method or "", unknown_call)(request)


@api_call("clone_start")
def clone_start(call: Call) -> Answer:
    """Accept or refuse a clone. Two simultaneous ones for a target meet at the write lock."""
    app = application(call, AppScope.CLONE_STORES)
    with writing():
        wish = _read_wish(call, app)
        verdict = first_refusal(wish) or accept(wish)
    as_text = any(store is not None and store.success_as_text for store in (wish.source, wish.target))
    if isinstance(verdict, Refused):
        success = "false" if as_text else False
        return refused(verdict.code, verdict.message, verdict.http_status, success=success)
    mover.ring()
    return said({"ticket": verdict.ticket, "success": "true" if as_text else True}, ticket=verdict.ticket)


@api_call("clone_status")
def clone_status(call: Call) -> Answer:
    """Tell how far a clone is."""
    app = application(call, AppScope.CLONE_STORES)
    ticket = call.required("ticket")
    clones = CloneTicket.objects.select_related("source", "target").only(*ASKED_FOR)
    clone = clones.filter(app=app, ticket=ticket).first()
    if clone is None:
        raise ApiError(error(contract.NOT_FOUND, f"Ticket {ticket} not found"))
    if clone.status == Status.FAILED:
        return said({"status": _spelled(clone), "errorMessage": clone.error_message})
    if clone.status == Status.COMPLETED and clone.mapping:
        return Answer(200, f'{{"status": {json.dumps(_spelled(clone))}, "clonedEntitiesMapping": {clone.mapping}}}')
    return said({"status": _spelled(clone)})


def _spelled(clone: CloneTicket) -> str:
    """Return the status in the words of the clone's stores."""
    words: dict[str, str] = clone.source.status_words | clone.target.status_words
    return words.get(clone.status, clone.status)


def _read_wish(call: Call, app: App) -> Wish:
    source_id, target_id = _store_id(call, "sourceStoreId"), _store_id(call, "targetStoreId")
    if source_id == target_id:
        message = "sourceStoreId and targetStoreId are the same store"
        raise wrong_parameter(message)
    scope, demo = _scope(call), call.boolean("cloneDemoCatalog")
    stores = Store.objects.in_bulk([source_id, target_id])
    return Wish(app, source_id, target_id, stores.get(source_id), stores.get(target_id), scope, demo)


def _store_id(call: Call, name: str) -> int:
    text = call.required(name)
    if not is_whole_number(text):
        raise wrong_parameter(f"Parameter {name} is not a store ID: {text[:50]}")
    return int(text)


def _scope(call: Call) -> Scope:
    text = call.parameter("scope")
    if text is None:
        return Scope.BOTH
    if text not in {Scope.CATALOG, Scope.STORE_SETTINGS}:
        raise wrong_parameter(f"Parameter scope is neither STORE_SETTINGS nor CATALOG: {text[:50]}")
    return Scope(text)
