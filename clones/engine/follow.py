"""Following a clone: what each answer to "how does it go?" means."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.ecwid import CloneStatus, CredentialsRefused, EcwidError, NotFound, RateLimited, Refused, RemoteStatus
from clones.engine import pacing
from clones.engine.outcome import REFUSALS_TO_ONE, Outcome, refusals_to
from clones.lifecycle import LEASE_GIVEN_BACK, Change
from clones.models import CloneJob

MISSES_BEFORE_THE_END: Final = 8  # some minutes, and more than it takes to call a ticket lost
UNKNOWN_TICKET_TRIES: Final = 5
UNKNOWN_TICKET_FOR: Final = timedelta(minutes=3)

OVERDUE_NOTE: Final = "Overdue: it takes longer than Ecwid's clones usually do. The portal goes on looking."

_PLURALS: Final = {"product": "products", "category": "categories"}

_RUNNING: Final = {RemoteStatus.QUEUED: JobStatus.QUEUED, RemoteStatus.IN_PROGRESS: JobStatus.IN_PROGRESS}


def decide(job: CloneJob, answer: CloneStatus | EcwidError, now: datetime, poll_seconds: float) -> Outcome:
    """Tell what `answer` to the status call of `job` means; `poll_seconds` is the pause before the next look."""
    if isinstance(answer, CloneStatus):
        return _on_status(job, answer, now, poll_seconds)
    if isinstance(answer, RateLimited):
        return Outcome({"next_action_at": now, **LEASE_GIVEN_BACK})
    if isinstance(answer, CredentialsRefused):
        return _on_refused_key(job, answer, now)
    if isinstance(answer, NotFound):
        return _on_unknown_ticket(job, answer, now, poll_seconds)
    return _go_on(job, now, _after_a_miss(job, poll_seconds), tries=job.tries + 1)


def _on_status(job: CloneJob, answer: CloneStatus, now: datetime, poll_seconds: float) -> Outcome:
    seen: dict[str, Any] = {
        "remote_status": answer.raw_status,
        "ticket_unknown_since": None,
        "error_code": "",
        "error_message": "",
    }
    if answer.status == RemoteStatus.COMPLETED:
        fields = {**seen, "mapping_note": _why_empty(job, answer)}
        return Outcome({}, Change(job, JobStatus.COMPLETED, fields, note=_count(answer)), mapping=answer.mapping)
    if answer.status == RemoteStatus.FAILED:
        fields = {
            **seen,
            "failure_kind": FailureKind.ECWID,
            "error_code": answer.error_code,
            "error_message": answer.error_message,
        }
        note = FailureKind.ECWID.cause
        change = Change(job, JobStatus.FAILED, fields, note, answer.error_code, answer.error_message)
        return Outcome({}, change)
    return _go_on(job, now, poll_seconds, tries=0, fields={**seen, "looked_at": now}, news=_news(job, answer))


def _news(job: CloneJob, answer: CloneStatus) -> Change | None:
    """Return what a page should show of a clone that still runs: another status, or something odd, once."""
    if answer.status is None:
        if job.remote_status == answer.raw_status:
            return None
        note = "Ecwid says a status that the portal does not know; it counts as running."
        return Change(job, JobStatus(job.status), note=note, code=answer.raw_status)
    if _RUNNING[answer.status] == job.status and job.ticket_unknown_since is None:
        return None
    return Change(job, _RUNNING[answer.status], code=answer.raw_status)


def _on_refused_key(job: CloneJob, answer: CredentialsRefused, now: datetime) -> Outcome:
    """Wait for the connection, behind its other jobs: should only this ticket be refused, they must not wait for it."""
    refusals = refusals_to(job, answer)
    if refusals >= REFUSALS_TO_ONE:
        return _ended(job, FailureKind.TICKET_LOST, answer)
    said = {"error_code": answer.code, "error_message": answer.message}
    at = now + timedelta(seconds=pacing.RETRY_LONGEST_SECONDS)
    return Outcome({**said, "tries": refusals, "next_action_at": at, **LEASE_GIVEN_BACK})


def on_unstorable(job: CloneJob, what: str, now: datetime) -> Outcome:
    """Tell what becomes of a job whose answer the database refuses; `what` names the error.

    Ecwid's next answer may be another one. In the end a person has to know that there will be no result.
    """
    tries, note = job.tries + 1, f"Ecwid's answer came, but it cannot be stored ({what})."
    if tries >= MISSES_BEFORE_THE_END:
        fields = {"failure_kind": FailureKind.RESULT_LOST}
        return Outcome({}, Change(job, JobStatus.FAILED, fields, note))
    first_time = Change(job, JobStatus(job.status), note=f"{note} Asking again.")
    return _go_on(job, now, _after_a_miss(job, 0), tries=tries, news=None if job.tries else first_time)


def _on_unknown_ticket(job: CloneJob, answer: NotFound, now: datetime, poll_seconds: float) -> Outcome:
    since, tries = job.ticket_unknown_since or now, job.tries + 1
    if tries >= UNKNOWN_TICKET_TRIES and now - since >= UNKNOWN_TICKET_FOR:
        return _ended(job, FailureKind.TICKET_LOST, answer)
    note = "Ecwid does not know the ticket. Asking again for some minutes before it counts as lost."
    first_time = Change(job, JobStatus(job.status), {}, note, answer.code, answer.message)
    news = None if job.ticket_unknown_since else first_time
    pause = _after_a_miss(job, poll_seconds)
    return _go_on(job, now, pause, tries=tries, fields={"ticket_unknown_since": since}, news=news)


def _ended(job: CloneJob, kind: FailureKind, answer: Refused) -> Outcome:
    fields = {"failure_kind": kind, "error_code": answer.code, "error_message": answer.message}
    return Outcome({}, Change(job, JobStatus.FAILED, fields, kind.cause, answer.code, answer.message))


def _after_a_miss(job: CloneJob, poll_seconds: float) -> float:
    return max(poll_seconds, pacing.doubling(pacing.RETRY_FIRST_SECONDS, job.tries + 1, pacing.RETRY_LONGEST_SECONDS))


def _go_on(
    job: CloneJob,
    now: datetime,
    pause: float,
    *,
    tries: int,
    fields: Mapping[str, Any] | None = None,
    news: Change | None = None,
) -> Outcome:
    """Look again after `pause` seconds. A job that runs for too long is marked as overdue, and ends after a day.

    Not over a few missed looks: nobody may have looked for days, and the result be there.
    """
    running_for = now - (job.accepted_at or now)
    is_known_to_run = tries == 0
    if running_for > pacing.GIVE_UP_AFTER and (is_known_to_run or tries >= MISSES_BEFORE_THE_END):
        fields = {"failure_kind": FailureKind.TIMED_OUT}
        return Outcome({}, Change(job, JobStatus.FAILED, fields, note=FailureKind.TIMED_OUT.cause))
    columns = {**(fields or {}), "tries": tries, "next_action_at": now + timedelta(seconds=pause), **LEASE_GIVEN_BACK}
    if running_for > pacing.OVERDUE_AFTER and job.overdue_since is None:
        columns["overdue_since"] = now
        news = news or Change(job, JobStatus(job.status))
        news = replace(news, note=f"{news.note} {OVERDUE_NOTE}".lstrip())
    return Outcome({}, replace(news, fields=columns)) if news else Outcome(columns)


def _why_empty(job: CloneJob, answer: CloneStatus) -> str:
    """Say why there is no mapping; "" where there is one."""
    if answer.mapping:
        return ""
    if not CloneScope(job.scope).copies_catalog:
        return "Only settings were copied: no products and no categories, so there are no IDs to map."
    if answer.mapping_present:
        return "Ecwid reports that nothing was copied: the template's catalog has nothing that this clone takes along."
    return "Ecwid's answer held no mapping. Look at the store before relying on it."


def _count(answer: CloneStatus) -> str:
    """Say how many IDs were mapped, by type."""
    mapped = ", ".join(_counted(len(pairs), entity_type) for entity_type, pairs in answer.mapping.items())
    return f"Ecwid finished the clone. IDs mapped: {mapped or 'none'}."


def _counted(count: int, entity_type: str) -> str:
    """Write "1 category" or "40 categories"; the word of a type that the contract does not name stays as it came."""
    plural = _PLURALS.get(entity_type)
    return f"{count:,} {plural}" if plural and count != 1 else f"{count:,} {entity_type}"
