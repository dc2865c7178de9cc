"""Who may call: the application with its key, a store or its Instant Site with a token; and their scopes."""

import hmac
import time

from clones.sandbox import contract
from clones.sandbox.answers import Answer, ApiError, error, refused
from clones.sandbox.calls import SECRET_HEADER, Call, is_whole_number
from clones.sandbox.contract import AccessScope, AppScope
from clones.sandbox.models import App, SiteToken, Store

BEARER = "Bearer "


def application(call: Call, scope: AppScope) -> App:
    """Return the partner application that calls. ApiError: no such application, not its key, or `scope` is missing."""
    app = App.objects.filter(pk=call.client_id).first()
    if app is None or not _is_same(app.secret, call.request.headers.get(SECRET_HEADER, "")):
        refusal = contract.APP_UNKNOWN
        raise _bad(refused(refusal.code, refusal.message, refusal.http_status))
    if scope not in app.scopes:
        raise ApiError(error(contract.SCOPE_MISSING, f"The application has no scope {scope}"))
    return app


def store_in_address(call: Call, scope: AccessScope) -> Store:
    """Return the store that is read. ApiError: no such store, not its token, suspended, or `scope` is missing."""
    header = call.request.headers.get("Authorization", "")
    in_header = header.removeprefix(BEARER) if header.startswith(BEARER) else ""
    # Older clients of Ecwid's have it in the address. The portal does not: a test of its client would notice.
    return store_opened_by(call, in_header if header else call.request.GET.get("token", ""), scope)


def store_opened_by(call: Call, token: str, scope: AccessScope) -> Store:
    """Return the store that the call is about, if `token` is its own. ApiError: as above."""
    store = _store(call)
    if not _is_same(store.token, token):
        raise _bad(error(contract.TOKEN_INVALID, "The token is not valid for this store"))
    if store.suspended:
        raise ApiError(error(contract.STORE_SUSPENDED, "The store is suspended"))
    if scope not in store.scopes:
        raise ApiError(error(contract.SCOPE_MISSING, f"The token has no scope {scope}"))
    return store


def store_of_site(call: Call) -> Store:
    """Return the store whose Instant Site is to be filled. ApiError: no such store, no token of its own that lives."""
    store = _store(call)
    token = SiteToken.objects.filter(pk=call.request.headers.get("Authorization", "")).first()
    if token is None or token.expires_at <= time.time():
        raise _bad(error(contract.SITE_TOKEN_INVALID, "The access token is unknown or has expired"))
    if token.store_id != store.pk:
        raise _bad(error(contract.TOKEN_INVALID, "The access token is another store's"))
    return store


def _store(call: Call) -> Store:
    store = Store.objects.filter(pk=int(call.target)).first() if is_whole_number(call.target) else None
    if store is None:
        raise ApiError(error(contract.NOT_FOUND, f"Store #{call.target[:50]} not found"))
    return store


def _is_same(known: str, sent: str) -> bool:
    return hmac.compare_digest(known.encode(), sent.encode())


def _bad(answer: Answer) -> ApiError:
    """Return the error for a credential that does not work: whoever goes on with it is blocked for long."""
    return ApiError(answer, is_bad_credential=True)
