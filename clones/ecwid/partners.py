"""The Partner API's calls about stores: create one, look one up by e-mail. Pure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from clones.ecwid.schemas import CreatedStore, NewMerchant
from clones.ecwid.values import Json, identifier, record, text
from clones.ecwid.wire import CREDENTIALS_STATUSES, READ_STATUSES, Request

_PATH = "/stores"
# Documented answers of "create store" by status alone: an e-mail that is invalid, one that has a store already.
_CREATE_STATUSES = CREDENTIALS_STATUSES | {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}


def create_request(
    app: Request, new: NewMerchant, *, profile: Mapping[str, Json] | None, affiliate_source: str
) -> Request:
    """Build "create store" on the application's own request (base URL and headers)."""
    return replace(
        app,
        method="POST",
        url=app.url + _PATH,
        query=(("returnApiToken", "true"),),
        headers={**app.headers, "Content-Type": "application/json"},
        body=json.dumps(_create_body(new, profile, affiliate_source)).encode(),
        secrets=(*app.secrets, new.password) if new.password else app.secrets,
        settled_by=_CREATE_STATUSES,
        answer_key="id",
    )


def _create_body(new: NewMerchant, profile: Mapping[str, Json] | None, affiliate_source: str) -> dict[str, Json]:
    merchant: dict[str, Json] = {"email": new.email, "name": new.name}
    if new.password:
        merchant["password"] = new.password
    if new.ip:
        merchant["ip"] = new.ip
    body: dict[str, Json] = {"merchant": merchant}
    if profile:
        body["profile"] = dict(profile)
    if affiliate_source:
        body["affiliatePartner"] = {"source": affiliate_source}
    return body


def read_created(body: Json) -> CreatedStore:
    """The new store. Raise Malformed without a usable ID; a missing token loses nothing but itself."""
    fields = record(body, "the answer")
    return CreatedStore(identifier(fields.get("id"), "the new store"), text(fields.get("token")))


def lookup_request(app: Request, email: str) -> Request:
    """Build "has this e-mail a store?" on the application's own request: 200 yes, 404 no."""
    return replace(app, method="GET", url=app.url + _PATH, query=(("email", email),), settled_by=READ_STATUSES)


def read_found(body: Json) -> bool:
    """True for the (usually empty) object that stands for "a store has that e-mail"."""
    record(body, "the answer")
    return True
