"""The sandbox as a test starts it: a process of its own on a free port, with typed methods for its control calls."""

import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from clones.sandbox.specs import StoreSpec
from tests.processes import Startable, free_port

ROOT = Path(__file__).resolve().parent.parent
CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-secret"
READY = "Sandbox listening on "
CONTROL_TIMEOUT_SECONDS = 120
NO_LIMITS = ("--calls-a-minute", "0", "--bad-calls-a-minute", "0", "--bad-calls-from-one-address", "0")


def store_token(store_id: int) -> str:
    """Return the access token of a store that was added without one."""
    return f"secret_sandbox_{store_id}"


@dataclass(frozen=True)
class HeldAnswer:
    """An answer that the sandbox holds back; `stage` is before, after or midway."""

    id: int
    call: str
    stage: str
    target: str
    ticket: str


@dataclass(frozen=True)
class LoggedClone:
    """A clone that really happened. `scope` is "" for both; times are epoch seconds."""

    ticket: str
    source: str
    target: str
    scope: str
    demo: bool
    accepted_at: float
    finished_at: float | None
    status: str


@dataclass(frozen=True)
class LoggedRequest:
    """A request that came in. `http_status` is None when nothing was answered on purpose."""

    id: int
    at: float
    call: str
    method: str
    client_id: str
    target: str
    ticket: str
    http_status: int | None
    error_code: str
    fault: str
    blocked_seconds: float | None
    delivered: bool


class SandboxProcess(Startable):
    """Context manager; `options` are the command's, such as `"--no-seed"`. Keeps file and port over `restart()`.

    It has no rate limit unless it `is_strict`: tests poll as fast as they can.
    """

    def __init__(self, database: Path, *options: str, is_strict: bool = False) -> None:
        self.database = database
        self.port = free_port()
        self._options = options if is_strict else (*NO_LIMITS, *options)
        self._process: subprocess.Popen[str] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def end(self) -> None:
        """End it in good order."""
        self.terminate()
        self._session.close()

    @property
    def api_url(self) -> str:
        """Where a client is pointed at."""
        return f"http://127.0.0.1:{self.port}/api/v3"

    @property
    def site_url(self) -> str:
        """Where a client of the Instant Site API is pointed at."""
        return f"http://127.0.0.1:{self.port}/vuega/api/v1"

    @property
    def page_url(self) -> str:
        """Where its page for people is."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running().pid

    def start(self) -> None:
        """Start it and wait until it is ready. RuntimeError: it ended instead; its own message is on stderr."""
        command = [
            sys.executable,
            "-m",
            "django",
            "sandbox",
            "--port",
            str(self.port),
            "--database",
            str(self.database),
        ]
        self._process = subprocess.Popen(
            [*command, *self._options],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "clones.sandbox.settings"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            self.kill()
            message = f"The sandbox did not start: {line!r}"
            raise RuntimeError(message)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """End it with SIGTERM; return its exit code. RuntimeError: it had to be killed after all."""
        return self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill it and start it again on the same port and file."""
        self.kill()
        self.start()

    def add_store(self, store_id: int, **fields: object) -> None:
        """Create or replace a store; the fields are those of `clones.sandbox.specs.StoreSpec`."""
        self._post("stores", {"id": store_id, **fields})

    def add_spec(self, spec: StoreSpec) -> None:
        """Create or replace a store as it is written down, such as a test store's."""
        self._post("stores", asdict(spec))

    def stores(self, email: str = "") -> list[dict[str, Any]]:
        """List all stores, or those with that owner: `id`, `name`, `owner_email`, `token`, `suspended`."""
        stores: list[dict[str, Any]] = self._get("stores", email=email)["stores"]
        return stores

    def put_test_stores(self) -> list[int]:
        """Put the test stores back; return their ids."""
        ids: list[int] = self._post("test-stores", {})["stores"]
        return ids

    def add_app(self, client_id: str, secret: str, scopes: list[str]) -> None:
        """Add an application, or change its key and scopes."""
        self._post("apps", {"client_id": client_id, "secret": secret, "scopes": scopes})

    def limit(self, **limits: float) -> dict[str, float]:
        """Set limits from now on; return all of them as they are now."""
        return self._post("limits", limits)

    def clear_limits(self) -> None:
        """End all blocks and forget what was counted."""
        self._call("DELETE", "limits")

    def store(self, store_id: int) -> dict[str, Any]:
        """Return a store as it is now, with `products`, `categories` and `types` as lists of rows."""
        return self._get(f"stores/{store_id}")

    def fault(self, fault: str, **fields: object) -> int:
        """Put a fault in the way; the fields are those of `clones.sandbox.views.control_faults`. Returns its id."""
        number: int = self._post("faults", {"fault": fault, **fields})["id"]
        return number

    def clear_faults(self) -> None:
        """Remove all faults, and end all blocks."""
        self._call("DELETE", "faults")

    def held(self, wait: float = 60) -> list[HeldAnswer]:
        """Return what is held, as soon as something is, at the latest after `wait` seconds."""
        return [HeldAnswer(**held) for held in self._get("held", wait=wait)["held"]]

    def release(self, held_id: int | None = None) -> int:
        """Let go of one held answer, or of all; return how many those were."""
        released: int = self._post("release", {} if held_id is None else {"id": held_id})["released"]
        return released

    def pause_clones(self) -> None:
        """From here on no clone moves, also over a restart."""
        self._post("clones", {"paused": True})

    def resume_clones(self) -> None:
        """Let clones move again."""
        self._post("clones", {"paused": False})

    def pace(self, **seconds: float) -> dict[str, float]:
        """Set `queued_seconds`, `minimum_seconds`, `seconds_per_1000_products` for clones from now on; return all."""
        return self._post("clones", seconds)

    def finish(self, ticket: str, status: str = "COMPLETED", error_message: str = "") -> None:
        """End a clone now, paused or not; it is over when this returns."""
        self._post(f"tickets/{ticket}/finish", {"status": status, "errorMessage": error_message})

    def log(self) -> list[LoggedClone]:
        """Return every clone that really happened, oldest first."""
        return [LoggedClone(**clone) for clone in self._get("log")["clones"]]

    def mapping(self, ticket: str) -> dict[str, dict[str, str]]:
        """Return a clone's whole mapping: entity type → old ID → new ID; empty when it has none."""
        return self._get(f"log/{ticket}/mapping")

    def requests(self, since: int = 0, call: str = "") -> list[LoggedRequest]:
        """Return the request log above the id `since`, only one call's if named."""
        return [LoggedRequest(**row) for row in self._get("requests", since=since, call=call)["requests"]]

    def reset(self) -> None:
        """Empty everything and fill it as at the start; ends faults, blocks, holds and pauses. The pace stays."""
        self._post("reset", {})

    def _get(self, path: str, **query: object) -> dict[str, Any]:
        return self._call("GET", path, params={name: str(value) for name, value in query.items()})

    def _post(self, path: str, body: object) -> dict[str, Any]:
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/control/{path}"
        answer = self._session.request(method, url, timeout=CONTROL_TIMEOUT_SECONDS, **how)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        body: dict[str, Any] = answer.json()
        return body

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the sandbox was not started"
        return self._process

    def _end(self, number: signal.Signals) -> int:
        process = self._running()
        process.send_signal(number)
        try:
            return process.wait(timeout=CONTROL_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            message = f"The sandbox did not end on {number.name}"
            raise RuntimeError(message) from error
        finally:
            if process.stdout is not None:
                process.stdout.close()
