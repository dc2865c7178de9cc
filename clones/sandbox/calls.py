"""An API request as the sandbox sees it: who calls what about which store. Shared by everything that answers one."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest

from clones.sandbox import contract
from clones.sandbox.answers import Answer, ApiError, error, refused
from clones.sandbox.connection import ENVIRON_KEY, Connection
from clones.sandbox.contract import AccessScope
from clones.sandbox.holding import LetGo, held_answers
from clones.sandbox.models import App, CloneTicket, Store

MOST_DIGITS = 18  # more do not fit into the database's integers
CLIENT_ID_HEADER = "X-Ecwid-App-Client-Id"
SECRET_HEADER = "X-Ecwid-App-Secret-Key"  # noqa: S105  the header's name
BEARER = "Bearer "
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Call:
    """One request.

    `target` and `ticket` are text as it came, "" when not given. `target` is the store that the call is about: the one
    in the address, else the one to be filled; a status call has its ticket's. `sleep` is how many seconds answers about
    it take. `credential` is what a rate limit counts by, and a secret where it is a store's token.
    """

    name: str
    request: HttpRequest
    at: float
    client_id: str
    credential: str = field(repr=False)
    target: str
    ticket: str
    sleep: float

    @classmethod
    def of(cls, name: str, request: HttpRequest, store_id: str | None = None) -> "Call":
        """Read the request; `store_id` stands in its address if it is about one store."""
        at = time.time()
        client_id, token = request.headers.get(CLIENT_ID_HEADER, ""), _token(request)
        credential = token if store_id is not None else client_id or token
        ticket = request.GET.get("ticket", "")
        target, sleep = _asked_about(ticket, store_id or request.GET.get("targetStoreId", ""))
        return cls(name, request, at, client_id, credential, target, ticket, sleep)

    @property
    def connection(self) -> Connection:
        """The socket under the request."""
        connection: Connection = self.request.META[ENVIRON_KEY]
        return connection

    def hold(self, stage: str, ticket: str = "") -> LetGo:
        """Block until someone lets go of this answer; `ticket` is the one that the answer hands out."""
        return held_answers.hold(self.connection, self.name, stage, self.target, ticket or self.ticket)

    def parameter(self, name: str) -> str | None:
        """Return a query parameter, None when not given. ApiError: given twice."""
        values = self.request.GET.getlist(name)
        if len(values) > 1:
            raise wrong_parameter(f"Parameter {name} is given {len(values)} times")
        return values[0] if values else None

    def required(self, name: str) -> str:
        """Return a query parameter. ApiError: missing, empty or given twice."""
        value = self.parameter(name)
        if not value:
            raise wrong_parameter(f"Parameter {name} is missing")
        return value

    def boolean(self, name: str) -> bool:
        """Return a query parameter that is true or false, False when not given. ApiError: anything else."""
        text = self.parameter(name)
        if text is not None and text not in BOOLEANS:
            raise wrong_parameter(f"Parameter {name} is neither true nor false: {text[:50]}")
        return BOOLEANS[text] if text is not None else False

    def whole_number(self, name: str, default: int) -> int:
        """Return a query parameter that counts something. ApiError: negative, or no number."""
        text = self.parameter(name)
        if text is not None and not is_whole_number(text):
            raise wrong_parameter(f"Parameter {name} is not a whole number: {text[:50]}")
        return default if text is None else int(text)

    def application(self) -> App:
        """Return the partner application that calls. ApiError: no such application, or not its key."""
        app = App.objects.filter(pk=self.client_id).first()
        secret = self.request.headers.get(SECRET_HEADER, "")
        if app is None or not hmac.compare_digest(app.secret.encode(), secret.encode()):
            refusal = contract.APP_UNKNOWN
            raise ApiError(refused(refusal.code, refusal.message, refusal.http_status))
        return app

    def store(self, scope: AccessScope) -> Store:
        """Return the store in the address. ApiError: no such store, not its token, suspended, or `scope` is missing."""
        store = Store.objects.filter(pk=int(self.target)).first() if is_whole_number(self.target) else None
        if store is None:
            raise ApiError(error(contract.NOT_FOUND, f"Store #{self.target[:50]} not found"))
        if not hmac.compare_digest(store.token.encode(), _token(self.request).encode()):
            raise ApiError(error(contract.TOKEN_INVALID, "The token is not valid for this store"))
        if store.suspended:
            raise ApiError(error(contract.STORE_SUSPENDED, "The store is suspended"))
        if scope not in store.scopes:
            raise ApiError(error(contract.SCOPE_MISSING, f"The token has no scope {scope}"))
        return store


Work = Callable[[Call], Answer]


def wrong_parameter(message: str) -> ApiError:
    """Return the error for a parameter that is missing or makes no sense."""
    return ApiError(error(contract.WRONG_PARAMETER, message))


def perform(work: Work, call: Call) -> Answer:
    """Do the work and return its answer, which may be an error."""
    try:
        return work(call)
    except ApiError as failure:
        return failure.answer


def _token(request: HttpRequest) -> str:
    """Return the store's token that came with the request, "" when none did."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(BEARER) if header.startswith(BEARER) else ""


def _asked_about(ticket: str, target: str) -> tuple[str, float]:
    """Return the target store of the call as text, and how long answers about it take."""
    if target:
        known = Store.objects.filter(pk=int(target)) if is_whole_number(target) else Store.objects.none()
        return target, known.values_list("sleep", flat=True).first() or 0.0
    found = CloneTicket.objects.filter(ticket=ticket).values_list("target_id", "target__sleep").first()
    return (str(found[0]), found[1]) if ticket and found else ("", 0.0)


def is_whole_number(text: str) -> bool:
    """Tell whether `text` can be a store's ID, or any other number that is not negative."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
