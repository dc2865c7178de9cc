"""Starting a clone: written down before it is sent, and what each answer to it means.

A POST is a promise to find out what became of it: from `write_ahead` until an answer settles it, the job carries
`unanswered_since`, and nothing but an answer (or a person) decides about it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from clones.choices import FailureKind, JobStatus
from clones.ecwid import (
    CloneRefused,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotSent,
    RateLimited,
    RefusalKind,
    Refused,
)
from clones.engine import pacing
from clones.engine.outcome import REFUSALS_TO_ONE, Outcome, refusals_to
from clones.failures import failure_of
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import CloneEvent, CloneJob

BESIDE_PAUSE: Final = timedelta(minutes=1)
ASK_AGAIN_WITHIN: Final = timedelta(seconds=60)  # where a second POST would be accepted once the first clone has ended
TRANSIENT_TRIES: Final = 6
BUSY_TRIES: Final = 40  # at most a minute apart: a good half hour

BESIDE: Final = "Clone {clone}, over connection “{connection}”, is in the same store: this one waits for its end."
_UNTIL_OVER: Final = "{} Nothing is sent until that is over."

_PERMANENT: Final = {
    RefusalKind.TARGET: FailureKind.TARGET,
    RefusalKind.NOT_EMPTY: FailureKind.TARGET,
    RefusalKind.LIMIT: FailureKind.TARGET,
    RefusalKind.TEMPLATE: FailureKind.TEMPLATE,
    RefusalKind.UNKNOWN: FailureKind.UNKNOWN,
}


def is_too_late_to_repeat(job: CloneJob, now: datetime) -> bool:
    """Tell whether asking again could start a second clone: the lost one may have ended, leaving the target empty.

    So it may where the clock has gone back: nobody knows then for how long the answer has been lost.
    """
    if job.unanswered_since is None or not job.may_be_accepted_twice:
        return False
    return abs(now - job.unanswered_since) > ASK_AGAIN_WITHIN


def write_ahead(
    jobs: list[CloneJob], now: datetime, beside: Mapping[int, CloneJob] = MappingProxyType({})
) -> list[CloneJob]:
    """Write SUBMITTING for waiting jobs that were just leased; return those that may now be sent.

    The returned rows still say what was read: `unanswered_since` is that of an *earlier* POST. Jobs that must not be
    repeated any more end as RESULT_LOST instead; those that have another connection's clone `beside` them, in the same
    store, wait for its end. Runs in the caller's transaction.
    """
    late = [job for job in jobs if is_too_late_to_repeat(job, now)]
    free = [job for job in jobs if job not in late and job.pk not in beside]
    advance_many((_result_lost(job) for job in late), at=now, under_lease=True)
    _put_off({job: beside[job.pk] for job in jobs if job not in late and job.pk in beside}, now)
    written = advance_many((_submitting(job, now) for job in free), at=now, under_lease=True)
    return [job for job in jobs if job.pk in written]


def _submitting(job: CloneJob, now: datetime) -> Change:
    fields = {
        "trying_since": trying_since(job, now),
        "submitted_at": now,
        "unanswered_since": job.unanswered_since or now,
        "tries": job.tries + 1,
    }
    note = "Asking Ecwid again, since an answer was lost." if job.unanswered_since else "Asking Ecwid for the clone."
    return Change(job, JobStatus.SUBMITTING, fields, note=note)


def trying_since(job: CloneJob, now: datetime) -> datetime:
    """Return when the present series of POSTs began: waiting behind a pause or a block is no trying."""
    if job.trying_since and job.submitted_at and now - job.submitted_at < pacing.IN_ONE_GO:
        return job.trying_since
    return now


def _put_off(beside: Mapping[CloneJob, CloneJob], now: datetime) -> None:
    """Let leased jobs wait for the ends of others, and tell each once of each."""
    later = {"next_action_at": now + BESIDE_PAUSE, **LEASE_GIVEN_BACK}
    notes = {job: BESIDE.format(clone=other.pk, connection=other.connection) for job, other in beside.items()}
    told = set(CloneEvent.objects.filter(job__in=beside, note__in=notes.values()).values_list("job", "note"))
    news = [job for job, note in notes.items() if (job.pk, note) not in told]
    advance_many((Change(job, JobStatus.WAITING, later, note=notes[job]) for job in news), at=now, under_lease=True)
    known = CloneJob.objects.lock_leased([job for job in beside if job not in news])
    CloneJob.objects.filter(pk__in=known).update(**later)


def _result_lost(job: CloneJob) -> Change:
    note = (
        "An answer of Ecwid's was lost more than a minute ago, and asking again could start a second clone. "
        "The portal does not ask by itself any more."
    )
    return Change(job, JobStatus.FAILED, {"failure_kind": FailureKind.RESULT_LOST}, note=note)


def decide(job: CloneJob, answer: str | EcwidError, now: datetime, is_taken: Callable[[str], bool]) -> Outcome:
    """Tell what `answer` (a ticket or an error) to the POST of `job` means.

    `job` is as `write_ahead` returned it. `is_taken` tells whether another job at the same address holds a ticket.
    """
    return Decision(job, now, is_taken).on(answer)


class Decision:
    """The rules for one job at one moment. Every method returns the outcome of one kind of answer."""

    def __init__(self, job: CloneJob, now: datetime, is_taken: Callable[[str], bool]) -> None:
        self.unanswered_before = job.unanswered_since
        self.tries = job.tries + 1
        self.last_code = job.error_code
        self.refusals_to = partial(refusals_to, job)
        self.trying_for = now - trying_since(job, now)
        self.unanswered_for = now - (job.unanswered_since or now)
        self.now = now
        self.is_taken = is_taken
        # The row says SUBMITTING since write_ahead; changes start from there.
        self.job = CloneJob(pk=job.pk, status=JobStatus.SUBMITTING, lease_token=job.lease_token)

    @property
    def was_unanswered(self) -> bool:
        """Tell whether an earlier POST of this job may have started a clone."""
        return self.unanswered_before is not None

    @property
    def doubt_is_a_day_old(self) -> bool:
        """Tell whether nobody has learned for a day what became of a POST, though it was asked for some time."""
        return self.unanswered_for > pacing.GIVE_UP_AFTER and self.trying_for > pacing.IN_ONE_GO

    def _tries_at(self, answer: Refused) -> int:
        """Count the refusals of this kind in a row: patience with one kind is not used up by another."""
        return self.tries if answer.code == self.last_code else 1

    @property
    def _repeat_after(self) -> timedelta:
        return timedelta(seconds=pacing.repeat_seconds(min(self.unanswered_for, self.trying_for).total_seconds()))

    def _again_after(self, seconds: float) -> timedelta:
        """Return the pause before the next POST; a doubt heeds no back-off: its clone may end meanwhile."""
        pause = timedelta(seconds=seconds)
        return min(pause, self._repeat_after) if self.was_unanswered else pause

    def on(self, answer: str | EcwidError) -> Outcome:
        """Tell the answers apart."""
        if isinstance(answer, str):
            return self._accepted(answer, "Ecwid accepted the clone.")
        if isinstance(answer, (RateLimited, CredentialsRefused)):
            return self._stopped(answer)
        if isinstance(answer, NotSent):
            return self._unreachable(answer)
        if isinstance(answer, CloneRefused):
            return self._refused(answer)
        if isinstance(answer, Refused):
            return self._failed(FailureKind.UNKNOWN, answer)
        return self._lost(answer)

    def _stopped(self, answer: RateLimited | CredentialsRefused) -> Outcome:
        """Wait for the connection.

        After a refused key behind its other jobs: should only this store be refused, they must not wait for it. A doubt
        stays first in line once, since it grows with the time.
        """
        if isinstance(answer, RateLimited):
            return self._not_sent(_UNTIL_OVER.format(answer), at=self.now)
        if self.refusals_to(answer) >= REFUSALS_TO_ONE:
            return self._failed(FailureKind.RESULT_LOST if self.was_unanswered else FailureKind.TARGET, answer)
        is_first = self.was_unanswered and answer.code != self.last_code
        pause = timedelta(seconds=0 if is_first else pacing.RETRY_LONGEST_SECONDS)
        said = {"error_code": answer.code, "error_message": answer.message, "tries": self.refusals_to(answer)}
        return self._not_sent(_UNTIL_OVER.format(answer), at=self.now + pause, said=said)

    def _accepted(self, ticket: str, note: str) -> Outcome:
        if self.is_taken(ticket):
            return self._lost(NoAnswer("it named a ticket that another job holds"))
        fields = {
            "ticket": ticket,
            "accepted_at": self.now,
            "unanswered_since": None,
            "error_code": "",
            "error_message": "",
            "tries": 0,
            "next_action_at": self.now + pacing.FIRST_LOOK,
            **LEASE_GIVEN_BACK,
        }
        return Outcome({}, Change(self.job, JobStatus.QUEUED, fields, note=note))

    def _refused(self, answer: CloneRefused) -> Outcome:
        if answer.kind == RefusalKind.BUSY:
            return self._busy(answer)
        if answer.kind == RefusalKind.TRANSIENT:
            return self._transient(answer)
        if answer.kind == RefusalKind.NOT_EMPTY and self.was_unanswered:
            return self._failed(FailureKind.RESULT_LOST, answer)
        return self._failed(_PERMANENT.get(answer.kind, FailureKind.UNKNOWN), answer)

    def _busy(self, answer: CloneRefused) -> Outcome:
        if self.was_unanswered and answer.ticket and not self.is_taken(answer.ticket):
            return self._accepted(answer.ticket, "Found again: Ecwid is running the clone whose answer was lost.")
        tries, names_another = self._tries_at(answer), answer.ticket is not None
        if tries >= BUSY_TRIES:
            in_doubt = self.was_unanswered and not names_another
            return self._failed(FailureKind.RESULT_LOST if in_doubt else FailureKind.BUSY, answer)
        pause = timedelta(seconds=pacing.doubling(pacing.BUSY_FIRST_SECONDS, tries, pacing.RETRY_LONGEST_SECONDS))
        # Somebody else's ticket proves that ours never started; without one, nothing is proven.
        unanswered = None if names_another else self.unanswered_before
        note = "A clone into this store is running that is not ours. Asking again when it should be over."
        if unanswered:
            note = "A clone into this store is running, perhaps ours: Ecwid does not name its ticket. Asking again."
        return self._wait(note, pause, answer, unanswered)

    def _transient(self, answer: CloneRefused) -> Outcome:
        # While an earlier answer is lost, an error that passes settles nothing: go on asking.
        if self.doubt_is_a_day_old:
            return self._failed(FailureKind.RESULT_LOST, answer)
        tries = self._tries_at(answer)
        if tries >= TRANSIENT_TRIES and not self.was_unanswered:
            return self._failed(FailureKind.TRANSIENT, answer)
        pause = self._again_after(pacing.doubling(pacing.RETRY_FIRST_SECONDS, tries, pacing.RETRY_LONGEST_SECONDS))
        return self._wait("Ecwid could not start it just now. Asking again.", pause, answer, self.unanswered_before)

    def _unreachable(self, answer: NotSent) -> Outcome:
        if self.trying_for > pacing.GIVE_UP_AFTER:
            return self._failed(FailureKind.RESULT_LOST if self.was_unanswered else FailureKind.TIMED_OUT, answer)
        pause = self._again_after(pacing.unreachable_seconds(self.trying_for.total_seconds()))
        return self._not_sent(f"{answer} Nothing was sent. Trying again.", at=self.now + pause)

    def _lost(self, answer: EcwidError) -> Outcome:
        if self.doubt_is_a_day_old:
            return self._failed(FailureKind.RESULT_LOST, answer)
        # write_ahead has put the moment of this POST into the row where there was none.
        fields = {"next_action_at": self.now + self._repeat_after, **LEASE_GIVEN_BACK}
        note = f"{answer} The clone may have started: asking again."
        return Outcome({}, Change(self.job, JobStatus.WAITING, fields, note=note))

    def _not_sent(self, note: str, *, at: datetime, said: Mapping[str, Any] | None = None) -> Outcome:
        """Go back to where the job was before this POST, which does not count as a try, but for what Ecwid `said`."""
        fields = {
            "next_action_at": at,
            "unanswered_since": self.unanswered_before,
            "tries": self.tries - 1,
            **(said or {}),
            **LEASE_GIVEN_BACK,
        }
        return Outcome({}, Change(self.job, JobStatus.WAITING, fields, note=note))

    def _wait(self, note: str, pause: timedelta, answer: Refused, unanswered: datetime | None) -> Outcome:
        fields = {
            "next_action_at": self.now + pause,
            "unanswered_since": unanswered,
            "tries": self._tries_at(answer),
            "error_code": answer.code,
            "error_message": answer.message,
            **LEASE_GIVEN_BACK,
        }
        change = Change(self.job, JobStatus.WAITING, fields, note=note, code=answer.code, message=answer.message)
        return Outcome({}, change)

    def _failed(self, kind: FailureKind, answer: EcwidError) -> Outcome:
        code, message = (answer.code, answer.message) if isinstance(answer, Refused) else ("", "")
        fields = {"failure_kind": kind, "error_code": code, "error_message": message}
        cause = failure_of(kind, code).cause
        note = cause if isinstance(answer, Refused) else f"{cause} {answer}"
        return Outcome({}, Change(self.job, JobStatus.FAILED, fields, note=note, code=code, message=message))
