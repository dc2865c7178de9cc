"""The calls that a tick makes on its threads. Nothing here touches the database."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clones.choices import CloneScope, JobStatus
from clones.ecwid import (
    AppCredentials,
    CloneStatus,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotSent,
    PartnerClient,
    RateLimited,
    make_session,
)
from clones.engine.submit import ASK_AGAIN_WITHIN
from clones.models import CloneJob, Connection
from clones.secrets import SecretUnreadableError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What came of one call: `submits` tells a POST from a look. `asked_at` is when the job was leased for it."""

    job: CloneJob
    submits: bool
    result: str | CloneStatus | EcwidError
    asked_at: datetime


class Silence:
    """Connections that this process must not use for a while: heeded by calls that wait for a thread already.

    The breaker in the database tells the other processes; this tells the threads of this one at once.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[int, float] = {}
        self._lock = threading.Lock()

    def begin(self, connection_id: int, seconds: float) -> None:
        """Be silent for `seconds`, or longer where that was known already."""
        with self._lock:
            until = self._monotonic() + seconds
            self._until[connection_id] = max(until, self._until.get(connection_id, 0.0))

    def check(self, connection_id: int) -> None:
        """Raise NotSent while the connection must be silent."""
        if self._monotonic() < self._until.get(connection_id, 0.0):
            message = "Ecwid has just asked for silence."
            raise NotSent(message)


@dataclass(frozen=True)
class Call:
    """One request to be made for a leased job. `send_before` is a `time.monotonic()` value: later it must not leave."""

    job: CloneJob
    submits: bool
    client: PartnerClient
    silence: Silence
    asked_at: datetime
    send_before: float

    def run(self) -> Answer:
        """Make the call. Never raises: every failure is an answer too."""
        try:
            self.silence.check(self.job.connection_id)
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
            send_before=self.send_before,
        )

    def _look(self) -> CloneStatus:
        return self.client.clone_status(self.job.ticket)

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
        key = (connection.api_url, connection.client_id, connection.client_secret.ciphertext)
        if key not in self._clients:
            try:
                secret = connection.client_secret.reveal()
                credentials = AppCredentials(connection.api_url, connection.client_id, secret)
                self._clients[key] = PartnerClient(credentials, self.session)
            except (SecretUnreadableError, ValueError) as error:
                raise UnusableConnectionError(str(error)) from None
        return self._clients[key]

    def call(self, client: PartnerClient, job: CloneJob, now: datetime, fence: float) -> Call:
        """Make the call that `job`, leased at `now`, is due for; it may not leave after `fence` (monotonic)."""
        submits = job.status == JobStatus.WAITING
        if submits and job.unanswered_since and job.may_be_accepted_twice:
            left = job.unanswered_since + ASK_AGAIN_WITHIN - now
            fence = min(fence, time.monotonic() + left.total_seconds())
        return Call(job, submits, client, self.silence, asked_at=now, send_before=fence)

    def close(self) -> None:
        """Close the idle connections."""
        self.session.close()
