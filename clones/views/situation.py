"""What happens with a clone right now, in a few plain sentences, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clones.choices import AT_ECWID, BlockReason, JobStatus
from clones.models import CloneJob, Connection
from clones.operations.retriable import SITE_WANTS_A_PERSON
from clones.templatetags.portal import clock

MISSED_LOOKS: Final = 2  # in a row: one is nothing to worry about

_SENTENCES: Final = {
    JobStatus.SUBMITTING: "It is being sent to Ecwid right now.",
    JobStatus.QUEUED: "Ecwid has accepted it and will begin by itself.",
    JobStatus.IN_PROGRESS: "Ecwid is copying the store.",
    JobStatus.COMPLETED: "Ecwid has confirmed the copy.",
    JobStatus.CANCELED: "It was canceled before it was sent: the target store was not touched.",
}
_UNANSWERED: Final = (
    "Ecwid's answer to its start was lost, so it may be running there: the portal asks again until it knows, "
    "and never starts it twice."
)
_NO_STORE_YET: Final = "It waits for its store, which is still to be created: the steps below say how that stands."
_NO_SITE: Final = "Its Instant Site needs a person: the steps below say why, and what can be done."
_HELD: Final = "It is held back, as its batch is: it goes on when the batch does."
_NO_WORKER: Final = "No worker is running, so nothing moves here until one does; nothing is lost."


@dataclass(frozen=True)
class Situation:
    """How a clone stands at `now`; `has_worker`: whether one is alive."""

    job: CloneJob
    now: datetime
    has_worker: bool

    @property
    def token(self) -> str:
        """A text that changes when the sentences do though the job's version stays."""
        connection = self.job.connection
        until = connection.blocked_until if connection.is_blocked(self.now) else None
        parts = (self.has_worker, bool(connection.paused_at), self._misses_answers, until.timestamp() if until else 0)
        return "-".join(str(int(part)) for part in parts)

    def words(self, last_note: str) -> str:
        """Return the sentences; "" where it failed: there, cause and next step tell more.

        `last_note` is the note of its last event, which says why a clone that was sent waits again.
        """
        return " ".join(self._sentences(last_note))

    def _sentences(self, last_note: str) -> Iterator[str]:
        job, obstacle = self.job, self._obstacle
        if job.status == JobStatus.WAITING:
            yield from self._waiting(last_note, is_free=not obstacle)
        elif job.status in _SENTENCES and not job.has_unknown_status:  # then the page tells what Ecwid calls it
            yield _SENTENCES[JobStatus(job.status)]
        if job.is_completed and hasattr(job, "site") and job.site.status in SITE_WANTS_A_PERSON:
            yield _NO_SITE
        if obstacle:
            yield obstacle
        elif job.ticket_unknown_since and not job.is_terminal:
            yield "Ecwid does not know its ticket just now; the portal asks for some minutes before it counts as lost."
        elif self._misses_answers:
            yield "Ecwid does not answer just now; the portal goes on asking."
        if job.overdue_since and not job.is_terminal:
            yield "It takes longer than Ecwid's clones usually do; the portal goes on looking, for up to 24 hours."

    def _waiting(self, last_note: str, *, is_free: bool) -> Iterator[str]:
        job = self.job
        if not job.target.store_id:
            yield _NO_STORE_YET
        elif job.unanswered_since:
            yield _UNANSWERED
        elif job.next_action_at is None:
            yield _HELD
        elif job.submitted_at and last_note:
            yield last_note
        elif is_free:
            yield "It waits for its turn, usually for a few seconds."
        if is_free and job.submitted_at and job.next_action_at and job.next_action_at > self.now:
            yield f"Next try at {clock(job.next_action_at, self.now)}."

    @property
    def _obstacle(self) -> str:
        """What keeps an active clone from moving, whatever Ecwid does; "" where nothing does."""
        if self.job.is_terminal:
            return ""
        return _standstill(self.job.connection, self.now) or ("" if self.has_worker else _NO_WORKER)

    @property
    def _misses_answers(self) -> bool:
        return self.job.status in AT_ECWID and self.job.tries >= MISSED_LOOKS


def _standstill(connection: Connection, now: datetime) -> str:
    """Say what `Connection.standstill` says, in the person's zone and with what is to be done."""
    name = f"connection {connection.name}"
    if connection.paused_at:
        since = clock(connection.paused_at, now)
        return f"Nothing is sent, since {name} is paused ({since}): it goes on when an admin resumes it."
    if not connection.is_blocked(now) or connection.blocked_since is None or connection.blocked_until is None:
        return ""
    if connection.block_reason == BlockReason.RATE_LIMITED:
        until = clock(connection.blocked_until, now)
        return (
            f"Ecwid's rate limit is reached, so nothing is sent over {name} until {until}; then it goes on by itself."
        )
    since = clock(connection.blocked_since, now)
    return f"Ecwid refuses the key of {name} (since {since}): it goes on when an admin has put that right."


def why_not_canceled(job: CloneJob) -> str:
    """Say why an active clone cannot be canceled; "" where it can."""
    if job.can_be_canceled:
        return ""
    if job.status == JobStatus.WAITING:
        return "It cannot be canceled now: it may be running at Ecwid, which has no cancel call."
    return "It cannot be canceled any more: Ecwid has no cancel call."
