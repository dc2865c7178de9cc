"""The calls that a tick makes on its threads. Nothing here touches the database."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clones.choices import BlockReason, CloneScope, JobStatus
from clones.ecwid import (
    AppCredentials,
    CloneStatus,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    PartnerClient,
    RateLimited,
    make_session,
)
from clones.engine.submit import ASK_AGAIN_WITHIN
from clones.models import CloneJob, Connection
from clones.secrets import SecretUnreadableError

logger = logging.getLogger(__name__)

DEAF_SECONDS: Final = 1.5  # a round of the tick and a little: who has not heard of the others for longer, sends nothing


@dataclass(frozen=True)
class Answer:
    """What came of one call: `submits` tells a POST from a look. `asked_at` is when the job was leased for it."""

    job: CloneJob
    submits: bool
    result: str | CloneStatus | EcwidError
    asked_at: datetime


class Silence:
    """Connections that must not be used just now, as far as this process knows; every call asks at its last moment.

    Its own calls tell it at once. Of the other workers' it hears what they wrote into the database, once a round.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[int, float] = {}
        self._stopped: frozenset[int] = frozenset()
        self._heard_at = monotonic()
        self._lock = threading.Lock()

    def begin(self, connection_id: int, seconds: float) -> None:
        """Be silent for `seconds`, or longer where that was known already."""
        with self._lock:
            until = self._monotonic() + seconds
            self._until[connection_id] = max(until, self._until.get(connection_id, 0.0))

    def listen(self, stopped: Iterable[int]) -> None:
        """Take over which connections are stopped, as the database says just now."""
        heard_at = self._monotonic()  # before it is read
        ids = frozenset(stopped)
        with self._lock:
            self._stopped, self._heard_at = ids, heard_at

    def why(self, connection_id: int, *, heard_at: float = 0.0, is_probe: bool = False) -> str:
        """Say why nothing may leave; "" where it may. `heard_at`: when the connection was last seen open (monotonic).

        A probe tries a connection that is stopped. Deaf is also who was stopped for a while and now goes on.
        """
        with self._lock:
            now = self._monotonic()
            if now < self._until.get(connection_id, 0.0):
                return "Ecwid has just asked for silence"
            if connection_id in self._stopped and not is_probe:
                return "the connection has just been stopped"
            if now - max(heard_at, self._heard_at) > DEAF_SECONDS:
                return "it was not sure any more that Ecwid takes requests"
        return ""


@dataclass(frozen=True)
class Call:
    """One request for a leased job, made at `made_at`. After `send_before` it must not leave (both monotonic)."""

    job: CloneJob
    submits: bool
    client: PartnerClient
    silence: Silence
    asked_at: datetime
    made_at: float
    send_before: float

    def run(self) -> Answer:
        """Make the call. Never raises: every failure is an answer too."""
        try:
            result: str | CloneStatus | EcwidError = self._start() if self.submits else self._look()
        except EcwidError as error:
            self._heed(error)
            result = error
        except Exception:
            # A bug of ours. The request may have left, so it must not count as failed.
            logger.exception("A call for job %s broke", self.job.pk)
            result = NoAnswer("the portal could not read it")
        return Answer(self.job, self.submits, result, self.asked_at)

    def _start(self) -> str:
        scope = CloneScope(self.job.scope)
        return self.client.start_clone(
            self.job.template.store_id,
            self.job.target.store_id,
            scope=None if scope is CloneScope.ALL else scope.value,
            clone_demo_catalog=self.job.clone_demo_catalog,
            fence=self._why_not,
        )

    def _look(self) -> CloneStatus:
        return self.client.clone_status(self.job.ticket, fence=self._why_not)

    def _why_not(self) -> str:
        if time.monotonic() >= self.send_before:
            return "it was too late to send it"
        is_probe = self.job.connection.block_reason == BlockReason.CREDENTIALS
        return self.silence.why(self.job.connection_id, heard_at=self.made_at, is_probe=is_probe)

    def _heed(self, error: EcwidError) -> None:
        """Silence the other threads before the database hears of it."""
        if isinstance(error, RateLimited):
            self.silence.begin(self.job.connection_id, error.retry_after)
        elif isinstance(error, CredentialsRefused):
            self.silence.begin(self.job.connection_id, 5.0)  # the breaker in the database takes over from here


class UnusableConnectionError(Exception):
    """No request can be made with what the connection's row holds."""


class Caller:
    """What a tick's calls share: one pooled session, the silence, and a client for each connection."""

    def __init__(self, threads: int) -> None:
        self.session = make_session(pool_size=threads)
        self.silence = Silence()
        self._clients: dict[tuple[str, str, str], PartnerClient] = {}

    def client_for(self, connection: Connection) -> PartnerClient:
        """Return the client for the connection as it is now. Raises UnusableConnectionError with a sentence."""
        key = connection.key
        if key not in self._clients:
            try:
                secret = connection.client_secret.reveal()
                credentials = AppCredentials(connection.api_url, connection.client_id, secret)
                self._clients[key] = PartnerClient(credentials, self.session)
            except (SecretUnreadableError, ValueError) as error:
                raise UnusableConnectionError(str(error)) from None
        return self._clients[key]

    def call(self, client: PartnerClient, job: CloneJob, now: datetime, began: float, fence: float) -> Call:
        """Make the call that `job`, leased at `now`, is due for; it may not leave after `fence`.

        `began` is a moment not later than `now`, on the monotonic clock as `fence` is.
        """
        made_at = time.monotonic()
        submits = job.status == JobStatus.WAITING
        if submits and job.unanswered_since and job.may_be_accepted_twice:
            left = job.unanswered_since + ASK_AGAIN_WITHIN - now
            fence = min(fence, began + left.total_seconds())
        return Call(job, submits, client, self.silence, asked_at=now, made_at=made_at, send_before=fence)

    def close(self) -> None:
        """Close the idle connections."""
        self.session.close()
