"""Following a clone: what each answer to "how does it go?" means."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.ecwid import CloneStatus, EcwidError, NotFound, RemoteStatus
from clones.engine import pacing
from clones.engine.outcome import Outcome, block_for
from clones.lifecycle import LEASE_GIVEN_BACK, Change
from clones.models import CloneJob

UNKNOWN_TICKET_TRIES: Final = 5
UNKNOWN_TICKET_FOR: Final = timedelta(minutes=3)

_RUNNING: Final = {RemoteStatus.QUEUED: JobStatus.QUEUED, RemoteStatus.IN_PROGRESS: JobStatus.IN_PROGRESS}


def decide(job: CloneJob, answer: CloneStatus | EcwidError, now: datetime, poll_seconds: float) -> Outcome:
    """Tell what `answer` to the status call of `job` means; `poll_seconds` is the pause before the next look."""
    if isinstance(answer, CloneStatus):
        return _on_status(job, answer, now, poll_seconds)
    block = block_for(answer, now)
    if block:
        return Outcome({"next_action_at": now, **LEASE_GIVEN_BACK}, block=block)
    if isinstance(answer, NotFound):
        return _on_unknown_ticket(job, answer, now, poll_seconds)
    return _go_on(job, now, _after_a_miss(job, poll_seconds), tries=job.tries + 1)


def _on_status(job: CloneJob, answer: CloneStatus, now: datetime, poll_seconds: float) -> Outcome:
    seen: dict[str, Any] = {"remote_status": answer.raw_status, "ticket_unknown_since": None}
    if answer.status == RemoteStatus.COMPLETED:
        fields = {**seen, "error_code": "", "error_message": "", "mapping_note": _why_empty(job, answer)}
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
    to = JobStatus(job.status) if answer.status is None else _RUNNING[answer.status]
    outcome = _go_on(job, now, poll_seconds, tries=0, fields={**seen})
    if outcome.change is None and (to != job.status or _is_news(job, answer)):
        note = "" if answer.status else "Ecwid says a status that the portal does not know; it counts as running."
        return Outcome({}, Change(job, to, outcome.fields, note=note, code=answer.raw_status))
    return outcome


def _is_news(job: CloneJob, answer: CloneStatus) -> bool:
    """Tell whether a word of Ecwid's that we do not know, or a ticket found again, is worth a line of history."""
    return (answer.status is None and job.remote_status != answer.raw_status) or job.ticket_unknown_since is not None


def _on_unknown_ticket(job: CloneJob, answer: NotFound, now: datetime, poll_seconds: float) -> Outcome:
    since, tries = job.ticket_unknown_since or now, job.tries + 1
    if tries >= UNKNOWN_TICKET_TRIES and now - since >= UNKNOWN_TICKET_FOR:
        fields = {
            "failure_kind": FailureKind.TICKET_LOST,
            "error_code": answer.code,
            "error_message": answer.message,
        }
        note = FailureKind.TICKET_LOST.cause
        return Outcome({}, Change(job, JobStatus.FAILED, fields, note, answer.code, answer.message))
    pause = _after_a_miss(job, poll_seconds)
    outcome = _go_on(job, now, pause, tries=tries, fields={"ticket_unknown_since": since})
    if outcome.change is None and job.ticket_unknown_since is None:
        note = "Ecwid does not know the ticket. Asking again for some minutes before it counts as lost."
        return Outcome({}, Change(job, JobStatus(job.status), outcome.fields, note, answer.code, answer.message))
    return outcome


def _after_a_miss(job: CloneJob, poll_seconds: float) -> float:
    return max(poll_seconds, pacing.doubling(pacing.RETRY_FIRST_SECONDS, job.tries + 1, pacing.RETRY_LONGEST_SECONDS))


def _go_on(
    job: CloneJob,
    now: datetime,
    pause: float,
    *,
    tries: int,
    fields: Mapping[str, Any] | None = None,
) -> Outcome:
    """Look again after `pause` seconds; a job that runs for too long is marked as overdue, and ends after a day."""
    running_for = now - (job.accepted_at or now)
    if running_for > pacing.GIVE_UP_AFTER:
        return Outcome(
            {}, Change(job, JobStatus.FAILED, {"failure_kind": FailureKind.TIMED_OUT}, note=FailureKind.TIMED_OUT.cause)
        )
    columns = {
        **(fields or {}),
        "tries": tries,
        "next_action_at": now + timedelta(seconds=pause),
        **LEASE_GIVEN_BACK,
    }
    if running_for > pacing.OVERDUE_AFTER and job.overdue_since is None:
        note = "Overdue: it takes longer than Ecwid's clones usually do. The portal goes on looking."
        return Outcome({}, Change(job, JobStatus(job.status), {**columns, "overdue_since": now}, note=note))
    return Outcome(columns)


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
    counts: dict[str, int] = {}
    for pair in answer.mapping:
        counts[pair.entity_type] = counts.get(pair.entity_type, 0) + 1
    mapped = ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return f"Ecwid finished the clone. IDs mapped: {mapped or 'none'}."
