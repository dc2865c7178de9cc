"""Create a store, and look one up by its owner's e-mail: `/api/v3/stores`, section 5 of the contract."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox import contract
from clones.sandbox.access import application
from clones.sandbox.answers import Answer, ApiError, error, said
from clones.sandbox.api import api_call
from clones.sandbox.calls import Call, wrong_parameter
from clones.sandbox.contract import AppScope
from clones.sandbox.database import writing
from clones.sandbox.emails import is_email, is_taken
from clones.sandbox.specs import StoreSpec
from clones.sandbox.stocking import put_store, take_store_id
from clones.sandbox.testemails import known_email
from clones.sandbox.views.unknown import unknown_call

SHORTEST_PASSWORD = 6
LONGEST_NAME = 200  # the column's
SAMPLE_PRODUCTS, SAMPLE_CATEGORIES = 6, 2  # what Ecwid puts into every new store


def stores(request: HttpRequest) -> HttpResponseBase:
    """Tell the two calls of this address apart."""
    return {"POST": store_create, "GET": store_lookup}.get(request.method or "", unknown_call)(request)


@api_call("store_create")
def store_create(call: Call) -> Answer:
    """Create a store with Ecwid's sample products; two simultaneous calls for one e-mail meet at the write lock."""
    application(call, AppScope.CREATE_STORES)
    wants_token = call.boolean("returnApiToken")
    body = call.body()
    merchant, settings = _merchant(body), _settings(body)
    with writing():
        if is_taken(merchant["email"]):
            raise ApiError(error(contract.CONFLICT, "A store with this e-mail exists already"))
        store = put_store(
            StoreSpec(
                take_store_id(),
                name=merchant["name"],
                owner_name=merchant["name"],
                owner_email=merchant["email"],
                settings=settings,
                sample_products=SAMPLE_PRODUCTS,
                sample_categories=SAMPLE_CATEGORIES,
            )
        )
    known = known_email(merchant["email"])
    gives_token = wants_token and (known is None or known.token)
    return said({"id": store.pk, "token": store.token} if gives_token else {"id": store.pk})


@api_call("store_lookup")
def store_lookup(call: Call) -> Answer:
    """Answer an empty object where a store has that e-mail, else 404."""
    application(call, AppScope.READ_STORES)
    if is_taken(call.required("email")):
        return said({})
    return error(contract.NOT_FOUND, "No store has that e-mail")


def _merchant(body: dict[str, Any]) -> dict[str, str]:
    """Return the owner to be. ApiError: a field is missing or unfit."""
    merchant = _object(body, "merchant")
    if not is_email(merchant.get("email")):
        raise wrong_parameter("merchant.email is not a valid e-mail")
    name = merchant.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise wrong_parameter(f"merchant.name is not a text of 1 to {LONGEST_NAME} characters")
    password = merchant.get("password")
    if password is not None and (not isinstance(password, str) or len(password) < SHORTEST_PASSWORD):
        raise wrong_parameter(f"merchant.password has fewer than {SHORTEST_PASSWORD} characters")
    return {"email": merchant["email"], "name": name}


def _settings(body: dict[str, Any]) -> dict[str, object]:
    _object(body, "affiliatePartner")
    return _object(_object(body, "profile"), "settings")


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object inside of another one, an empty one where it is left out. ApiError: it is something else."""
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise wrong_parameter(f"{name} is not an object")
    return found
