"""What a call to Ecwid can end in other than a result. Texts are safe to show, log and store: no secret, no full URL.

EcwidError
├── NotSent                 surely not executed: unreachable, no TLS, fenced
├── RateLimited             429; nothing of this application may be sent for `retry_after` seconds
├── NoAnswer                perhaps executed: dropped, timed out, empty, HTML, malformed, a bare 5xx
└── Refused                 Ecwid said no: `code` and `message` as they came
    ├── CloneRefused        to "start a clone"; `error_code` when the contract knows it, `ticket` when busy
    ├── CredentialsRefused  the key, token or scope
    ├── NotFound            store or ticket
    └── Conflict            409: the e-mail already has a store
"""

from clones.ecwid.codes import CloneErrorCode, RefusalKind
from clones.ecwid.tickets import ticket_in_message


class EcwidError(Exception):
    """Anything that a call of this package can raise; `str()` is one plain sentence."""


class NotSent(EcwidError):  # noqa: N818 (an outcome, not always an error)
    """The request surely never reached Ecwid: asking again is safe."""


class RateLimited(EcwidError):  # noqa: N818 (an outcome, not always an error)
    """Ecwid ignored the request, and ignores every other one for `retry_after` seconds (0 to 24 hours)."""

    def __init__(self, retry_after: float) -> None:
        """Keep the seconds to be silent for."""
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"Ecwid's rate limit is used up; it takes requests again in {self.retry_after:.0f} s."


class NoAnswer(EcwidError):  # noqa: N818 (an outcome, not always an error)
    """The request may have been executed, but no usable answer came; `http_status` when at least a status did."""

    def __init__(self, reason: str, http_status: int | None = None) -> None:
        """Keep the reason, which is the rest of the sentence "No usable answer from Ecwid: …"."""
        super().__init__(reason, http_status)
        self.reason = reason
        self.http_status = http_status

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"No usable answer from Ecwid: {self.reason}."


class Refused(EcwidError):  # noqa: N818 (an outcome, not always an error)
    """Ecwid said no. `code` and `message` as they came (either may be empty), free of NUL and of secrets."""

    def __init__(
        self, code: str, message: str, http_status: int | None = None, kind: RefusalKind = RefusalKind.UNKNOWN
    ) -> None:
        """Keep what Ecwid said and what it means."""
        super().__init__(code, message, http_status, kind)
        self.code = code
        self.message = message
        self.http_status = http_status
        self.kind = kind

    def __str__(self) -> str:
        """Say it in a sentence."""
        if not (self.code or self.message):
            return f"Ecwid refused with HTTP status {self.http_status}."
        said = f"{self.message.rstrip('.')} ({self.code})" if self.code and self.message else self.code or self.message
        return f"Ecwid refused: {said.rstrip('.')}."


class CloneRefused(Refused):
    """Ecwid did not start the clone. `error_code` is None for a code that the contract does not name."""

    @property
    def error_code(self) -> CloneErrorCode | None:
        """The documented code that `code` stands for."""
        return CloneErrorCode.named(self.code)

    @property
    def ticket(self) -> str | None:
        """The ticket of the clone that keeps the target busy, read out of the message; None where there is none."""
        busy = self.error_code is CloneErrorCode.TARGET_ALREADY_USED_IN_ANOTHER_CLONE_TICKET
        return ticket_in_message(self.message) if busy else None


class CredentialsRefused(Refused):
    """The application key, the token or its scope is not accepted: stop all traffic that uses it."""


class NotFound(Refused):
    """There is no such store or ticket."""


class Conflict(Refused):
    """Ecwid already has it: the e-mail of a store to be created."""
