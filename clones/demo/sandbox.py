"""The sandbox's control calls, as far as the demo makes them (`clones/sandbox/views/control_*.py` describe them)."""

from typing import Any, Final

import requests

from clones.ecwid import RemoteStatus

API_PATH: Final = "/api/v3"
SITE_PATH: Final = "/vuega/api/v1"
CLIENT_ID: Final = "sandbox-app"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105  opens nothing but the sandbox
TIMEOUT_SECONDS: Final = 60

PACE: Final = {"queued_seconds": 0.5, "minimum_seconds": 2.0, "seconds_per_1000_products": 0.36}
STANDING_STILL: Final = {"queued_seconds": 0.0, "minimum_seconds": 86_400.0}  # in progress at once, until told to end


def store_token(store_id: str) -> str:
    """Return the access token of a store of the sandbox."""
    return f"secret_sandbox_{store_id}"


class SandboxControl:
    """Makes the calls. Raises requests' errors: a demo without its sandbox cannot go on."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self._root = api_url.removesuffix(API_PATH)
        self.site_url = f"{self._root}{SITE_PATH}"
        self._session = requests.Session()
        self._session.trust_env = False

    def pace(self, **seconds: float) -> None:
        """Set how long clones take from now on."""
        self._call("POST", "clones", seconds)

    def put_store(self, store_id: str, name: str, **flags: object) -> None:
        """Make the store, empty, with what it does on purpose; or replace it so."""
        self._call("POST", "stores", {"id": int(store_id), "name": name, **flags})

    def lose_answer(self, call: str, *, target: str = "", skip: int = 0) -> None:
        """Have one such call (about that store) done without an answer: the next, or the one after `skip` others."""
        self._call("POST", "faults", {"fault": "drop_after", "call": call, "target": target, "skip": skip})

    def clear_faults(self) -> None:
        """End all faults and blocks."""
        self._call("DELETE", "faults", None)

    def complete(self, ticket: str) -> None:
        """End a clone now: copied when this returns."""
        self._finish(ticket)

    def fail(self, ticket: str, message: str) -> None:
        """End a clone as FAILED."""
        self._finish(ticket, status=RemoteStatus.FAILED, errorMessage=message)

    def newest_ticket(self, store_id: str) -> str:
        """Return the ticket of the newest clone into the store."""
        clones = self._call("GET", "log", None)["clones"]
        return str([clone["ticket"] for clone in clones if clone["target"] == store_id][-1])

    def _finish(self, ticket: str, **ending: str) -> None:
        self._call("POST", f"tickets/{ticket}/finish", ending)

    def _call(self, method: str, path: str, body: object) -> dict[str, Any]:
        url = f"{self._root}/control/{path}"
        answer = self._session.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told
