"""A plain HTTP client for the sandbox's API, which knows nothing of the portal's own client."""

import time
from types import TracebackType
from typing import Any, Self

import requests

from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token

END_WITHIN_SECONDS = 120.0  # only a broken test waits so long


class Api:
    """Calls one sandbox: clones store 1 into store 2 and reads store 1, unless told otherwise."""

    def __init__(self, sandbox: SandboxProcess, secret: str = CLIENT_SECRET) -> None:
        self._sandbox = sandbox
        self.timeout = 120.0  # only a broken test waits so long
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"X-Ecwid-App-Client-Id": CLIENT_ID, "X-Ecwid-App-Secret-Key": secret})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def start(self, source: object = 1, target: object = 2, **parameters: str) -> requests.Response:
        """Ask for a clone; a store that is None is left out."""
        query = {"sourceStoreId": source, "targetStoreId": target, **parameters}
        return self.session.post(
            f"{self._sandbox.api_url}/stores/clone",
            params={name: str(value) for name, value in query.items() if value is not None},
            timeout=self.timeout,
        )

    def status(self, ticket: str | None) -> requests.Response:
        """Ask how far a clone is."""
        params = {} if ticket is None else {"ticket": ticket}
        return self.session.get(f"{self._sandbox.api_url}/stores/clone", params=params, timeout=self.timeout)

    def read(self, path: str, store_id: int = 1, *, token: str | None = None, **query: object) -> requests.Response:
        """Read a store with its own token, or with `token`; "" sends none."""
        sent = store_token(store_id) if token is None else token
        request = requests.Request(
            "GET",
            f"{self._sandbox.api_url}/{store_id}/{path}",
            params={name: str(value) for name, value in query.items()},
            headers={"Authorization": f"Bearer {sent}"} if sent else {},
        )
        return self.session.send(request.prepare(), timeout=self.timeout)  # without the application's headers

    def look_up(self, **query: str) -> requests.Response:
        """Ask whether an e-mail has a store."""
        return self.session.get(f"{self._sandbox.api_url}/stores", params=query, timeout=self.timeout)

    def create(self, body: object, **query: str | None) -> requests.Response:
        """Ask for a new store and its token; a parameter that is None is left out."""
        params = {"returnApiToken": "true", **query}
        return self.session.post(f"{self._sandbox.api_url}/stores", params=params, json=body, timeout=self.timeout)

    def site_token(self, store_id: int, **query: str) -> requests.Response:
        """Ask for a token of the Instant Site API."""
        usual = {"grant_type": "authorization_code", "site_id": str(store_id), "code": store_token(store_id)}
        return requests.post(f"{self._sandbox.site_url}/oauth/token", params=usual | query, timeout=self.timeout)

    def site_clone(self, store_id: int, token: str, body: object) -> requests.Response:
        """Ask for a clone of an Instant Site."""
        url = f"{self._sandbox.site_url}/{store_id}/clone"
        return requests.post(url, json=body, headers={"Authorization": token}, timeout=self.timeout)

    def accepted(self, source: object = 1, target: object = 2, **parameters: str) -> str:
        """Ask for a clone that must be accepted; return its ticket."""
        body = self.start(source, target, **parameters).json()
        assert body["success"] is True, body
        ticket: str = body["ticket"]
        return ticket

    def ended(self, ticket: str) -> dict[str, Any]:
        """Poll until the clone has ended, as a client would; return the last answer."""
        deadline = time.monotonic() + END_WITHIN_SECONDS
        while time.monotonic() < deadline:
            body: dict[str, Any] = self.status(ticket).json()
            if body["status"] in {"COMPLETED", "FAILED"}:
                return body
        message = f"{ticket} did not end"
        raise AssertionError(message)
