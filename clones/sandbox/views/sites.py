"""The Instant Site API, `/vuega/api/v1`: a token for a store's own secret one, and a clone with it. Section 7."""

import secrets
import time

from django.http import HttpRequest, HttpResponseBase

from clones.sandbox import contract
from clones.sandbox.access import store_of_site, store_opened_by
from clones.sandbox.answers import Answer, ApiError, error, said
from clones.sandbox.api import api_call
from clones.sandbox.calls import Call, wrong_parameter
from clones.sandbox.contract import AccessScope
from clones.sandbox.database import writing
from clones.sandbox.models import SiteToken, Store
from clones.sandbox.options import options
from clones.sandbox.views.unknown import unknown_call

GRANT_TYPE = "authorization_code"


def token(request: HttpRequest) -> HttpResponseBase:
    """Answer the only method of this address."""
    return (site_token if request.method == "POST" else unknown_call)(request)


def clone(request: HttpRequest, store_id: str) -> HttpResponseBase:
    """Answer the only method of this address."""
    return (site_clone if request.method == "POST" else unknown_call)(request, store_id)


@api_call("site_token")
def site_token(call: Call) -> Answer:
    """Give a token for the store `site_id` to whoever knows its secret one."""
    if call.required("grant_type") != GRANT_TYPE:
        raise wrong_parameter(f"Parameter grant_type is not {GRANT_TYPE}")
    call.required("site_id")
    store = store_opened_by(call, call.required("code"), AccessScope.INSTANT_SITE)
    seconds = options.site_token_seconds if store.site_token_seconds is None else store.site_token_seconds
    value = f"sandbox_site_{secrets.token_hex(16)}"
    with writing():
        SiteToken.objects.filter(expires_at__lte=time.time()).delete()
        SiteToken.objects.create(value=value, store=store, expires_at=time.time() + seconds)
    return said({"accessToken": value, "tokenType": "bearer", "expiresIn": int(seconds)})


@api_call("site_clone")
def site_clone(call: Call) -> Answer:
    """Put a copy of the source's Instant Site over the store's own. What it answers is not documented: nothing."""
    store = store_of_site(call)
    body = call.body()
    source, draft = body.get("source"), body.get("draft", False)
    if isinstance(source, bool) or not isinstance(source, int) or not isinstance(draft, bool):
        raise wrong_parameter("source is not a store's number, or draft neither true nor false")
    if not Store.objects.filter(pk=source).exists():
        raise ApiError(error(contract.NOT_FOUND, f"Store #{source} not found"))
    with writing():
        Store.objects.filter(pk=store.pk).update(site={"source": source, "draft": draft, "cloned_at": call.at})
    return said({})
