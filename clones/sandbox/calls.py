"""An API request as the sandbox sees it: who calls what about which store. Shared by everything that answers one."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from clones.sandbox import contract
from clones.sandbox.answers import Answer, ApiError, error, refused
from clones.sandbox.connection import ENVIRON_KEY, Connection
from clones.sandbox.holding import LetGo, held_answers
from clones.sandbox.models import App, CloneTicket, Store

STORE_ID_DIGITS = 18  # more do not fit into the database's integers
CLIENT_ID_HEADER = "X-Ecwid-App-Client-Id"
SECRET_HEADER = "X-Ecwid-App-Secret-Key"  # noqa: S105  the header's name


@dataclass(frozen=True)
class Call:
    """One request.

    `target` and `ticket` are text as it came, "" when not given; a status call has its ticket's target. `sleep` is how
    many seconds answers about that target take.
    """

    name: str
    request: HttpRequest
    at: float
    client_id: str
    target: str
    ticket: str
    sleep: float

    @classmethod
    def of(cls, name: str, request: HttpRequest) -> "Call":
        """Read the request."""
        at = time.time()
        ticket = request.GET.get("ticket", "")
        target, sleep = _asked_about(ticket, request.GET.get("targetStoreId", ""))
        return cls(name, request, at, request.headers.get(CLIENT_ID_HEADER, ""), target, ticket, sleep)

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

    def application(self) -> App:
        """Return the partner application that calls. ApiError: no such application, or not its key."""
        app = App.objects.filter(pk=self.client_id).first()
        secret = self.request.headers.get(SECRET_HEADER, "")
        if app is None or not hmac.compare_digest(app.secret.encode(), secret.encode()):
            refusal = contract.APP_UNKNOWN
            raise ApiError(refused(refusal.code, refusal.message, refusal.http_status))
        return app


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


def _asked_about(ticket: str, target: str) -> tuple[str, float]:
    """Return the target store of the call as text, and how long answers about it take."""
    if target:
        known = Store.objects.filter(pk=int(target)) if is_store_id(target) else Store.objects.none()
        return target, known.values_list("sleep", flat=True).first() or 0.0
    found = CloneTicket.objects.filter(ticket=ticket).values_list("target_id", "target__sleep").first()
    return (str(found[0]), found[1]) if ticket and found else ("", 0.0)


def is_store_id(text: str) -> bool:
    """Tell whether `text` can be a store's number."""
    return text.isascii() and text.isdigit() and len(text) <= STORE_ID_DIGITS
