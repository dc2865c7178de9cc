"""The two calls of the Instant Site API: their requests, and what their answers say. Pure."""

import json
from dataclasses import replace

from clones.ecwid.schemas import SiteCredentials, SiteToken
from clones.ecwid.values import Json, Malformed, record
from clones.ecwid.wire import Request


def token_request(site: Request, credentials: SiteCredentials) -> Request:
    """Build "give me a token". The contract wants the store's secret in the query: `session` keeps it out of logs."""
    return replace(
        site,
        method="POST",
        url=f"{site.url}/oauth/token",
        query=(("grant_type", "authorization_code"), ("site_id", credentials.store_id), ("code", credentials.token)),
        secrets=(credentials.token,),
        answer_key="accessToken",
    )


def read_token(body: Json) -> SiteToken:
    """The token. Raise Malformed where there is none."""
    token = record(body, "the answer").get("accessToken")
    if not isinstance(token, str) or not token.strip():
        raise Malformed("the answer has no access token")
    return SiteToken(token.strip())


def clone_request(
    site: Request, credentials: SiteCredentials, token: SiteToken, template_store_id: str, *, draft: bool
) -> Request:
    """Build "clone this template's site into the store". The ID travels as a number, as the contract writes it."""
    return replace(
        site,
        method="POST",
        url=f"{site.url}/{credentials.store_id}/clone",
        headers={"Authorization": token.value, "Content-Type": "application/json"},
        body=json.dumps({"source": _as_number(template_store_id), "draft": draft}).encode(),
        secrets=(token.value, credentials.token),
    )


def _as_number(store_id: str) -> int | str:
    canonical = store_id.isascii() and store_id.isdigit() and not store_id.startswith("0")
    return int(store_id) if canonical else store_id
