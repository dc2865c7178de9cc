"""An API request as the sandbox sees it: who calls what about which store. Shared by everything that answers one."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from clones.sandbox import contract
from clones.sandbox.answers import Answer, ApiError, error
from clones.sandbox.blocks import blocks
from clones.sandbox.connection import ENVIRON_KEY, Connection
from clones.sandbox.holding import LetGo, held_answers
from clones.sandbox.models import CloneTicket, Store

MOST_DIGITS = 18  # more do not fit into the database's integers
CLIENT_ID_HEADER = "X-Ecwid-App-Client-Id"
SECRET_HEADER = "X-Ecwid-App-Secret-Key"  # noqa: S105  the header's name
STORE_PARAMETERS = ("targetStoreId", "site_id")
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Call:
    """One request.

    `target` and `ticket` are text as it came, "" when not given. `target` is the store that the call is about: the one
    in the address, else the one to be filled; a status call has its ticket's. `sleep` is how many seconds answers about
    it take, `has_faults` whether it has faults of its own. `credential` is what a rate limit counts by, and a secret.
    `sent` is the whole body: bytes that are still on their way would hide that the client has left.
    """

    name: str
    request: HttpRequest
    at: float
    client_id: str
    credential: str = field(repr=False)
    target: str
    ticket: str
    sleep: float
    has_faults: bool
    sent: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, request: HttpRequest, store_id: str | None = None) -> "Call":
        """Read the request; `store_id` stands in its address if it is about one store."""
        client_id = request.headers.get(CLIENT_ID_HEADER, "")
        ticket = request.GET.get("ticket", "")
        named = store_id or next((request.GET[one] for one in STORE_PARAMETERS if request.GET.get(one)), "")
        target, sleep, has_faults = _asked_about(ticket, named)
        credential = _credential(request, client_id if store_id is None else "")
        sent = request.body
        return cls(name, request, time.time(), client_id, credential, target, ticket, sleep, has_faults, sent)

    @property
    def address(self) -> str:
        """Where the client calls from."""
        return f"address {self.request.META.get('REMOTE_ADDR', '')}"

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent. ApiError: something else was."""
        try:
            body = json.loads(self.sent)
        except ValueError as failure:
            message = "The body is not JSON"
            raise wrong_parameter(message) from failure
        if not isinstance(body, dict):
            message = "The body is not a JSON object"
            raise wrong_parameter(message)
        return body

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


Work = Callable[[Call], Answer]


def wrong_parameter(message: str) -> ApiError:
    """Return the error for a parameter that is missing or makes no sense."""
    return ApiError(error(contract.WRONG_PARAMETER, message))


def perform(work: Work, call: Call) -> Answer:
    """Do the work and return its answer, which may be an error."""
    try:
        return work(call)
    except ApiError as failure:
        if failure.is_bad_credential:
            blocks.count_bad(call.credential, call.address, call.at)
        return failure.answer


def _credential(request: HttpRequest, client_id: str) -> str:
    """Return what opens the call: the application with its key, a store's or a site's token, a code for one."""
    if client_id:
        return f"{client_id} {request.headers.get(SECRET_HEADER, '')}"
    return request.headers.get("Authorization", "") or request.GET.get("code", "") or request.GET.get("token", "")


def _asked_about(ticket: str, target: str) -> tuple[str, float, bool]:
    """Return the target store of the call as text, how long answers about it take, whether it has faults of its own."""
    if target:
        known = Store.objects.filter(pk=int(target)) if is_whole_number(target) else Store.objects.none()
        sleep, faults = known.values_list("sleep", "faults").first() or (0.0, [])
        return target, sleep, bool(faults)
    clones = CloneTicket.objects.filter(ticket=ticket) if ticket else CloneTicket.objects.none()
    store, sleep, faults = clones.values_list("target_id", "target__sleep", "target__faults").first() or ("", 0.0, [])
    return str(store), sleep, bool(faults)


def is_whole_number(text: str) -> bool:
    """Tell whether `text` can be a store's ID, or any other number that is not negative."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
