"""The portal held against the sandbox, row by row. Every difference is a sentence; no exemption without proof."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from clones.choices import TERMINAL, FailureKind, JobStatus
from clones.engine.submit import ASK_AGAIN_WITHIN, TRANSIENT_TRIES
from clones.lifecycle import TRANSITIONS
from tests.chaos.facts import JobFacts, Misfortunes
from tests.chaos.plan import BUSY, EMPTY_TEMPLATE
from tests.sandbox_process import LoggedClone, LoggedRequest

NOT_EMPTY: Final = ("TARGET_PRODUCTS_NOT_EMPTY", "TARGET_CATEGORIES_NOT_EMPTY", "TARGET_PRODUCT_TYPES_NOT_EMPTY")
SILENT_AFTER_SECONDS: Final = 2.0
MINUTE: Final = 60.0
PASSING: Final = ("", "RATE_LIMITED", "INTERNAL_ERROR", "UNKNOWN_IMPORT_FAILED_TO_START", BUSY)  # settle nothing

Complaints = Iterator[str]


def about_job(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    """Yield what is wrong with one job."""
    yield from _doubled(job, misfortunes)
    for clone in job.clones:
        if (clone.source, clone.scope, clone.demo) != (job.template, job.scope, job.demo):
            yield f"cloned with {clone.source} {clone.scope} {clone.demo}, not as ordered"
    if job.status not in TERMINAL:
        yield f"has not ended: {job.status}"
    elif job.strangers:
        yield from _beside_a_stranger(job, misfortunes)
    elif job.status == JobStatus.COMPLETED:
        yield from _completed(job)
    elif job.status == JobStatus.FAILED:
        yield from FAILURES.get(job.failure_kind, _never)(job, misfortunes)
    else:
        yield "was canceled, and nobody asked for that"
    if job.status != JobStatus.COMPLETED and job.mapping:
        yield "has a mapping without being completed"
    if job.is_leased:
        yield "is still leased"
    yield from _not_kept(job, misfortunes)
    yield from _history(job)


def _not_kept(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    """Yield the requests that were told a new ticket and yet followed by another, also where that ended well."""
    for row, following in pairwise(job.starts):
        if row.ticket and not row.error_code and not _is_lost(job, row, following.at, misfortunes):
            yield f"asked again {following.at - row.at:.1f} s after request {row.id} was told ticket {row.ticket}"


def _doubled(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    """Let pass one thing only: the earlier clone had failed at Ecwid, and no answer that named it could be kept."""
    for earlier, later in pairwise(job.clones):
        had_failed = earlier.status == "FAILED" and earlier.finished_at and earlier.finished_at <= later.accepted_at
        if not had_failed:
            yield f"cloned again while {_told([earlier])} stood"
        yield from _could_be_known(job, earlier, later.accepted_at, misfortunes)


def _could_be_known(job: JobFacts, clone: LoggedClone, until: float, misfortunes: Misfortunes) -> Complaints:
    """Yield the answers that named the clone's ticket before `until`, to somebody whom nothing struck."""
    for row, following in _with_next(job):
        told = row.ticket == clone.ticket or (row.error_code == BUSY and clone.accepted_at < row.at)
        if told and row.at < until and not _is_lost(job, row, following, misfortunes):
            yield f"request {row.id} was told ticket {clone.ticket}, nothing struck who asked, and it was not kept"


def _is_lost(job: JobFacts, row: LoggedRequest, following: float, misfortunes: Misfortunes) -> bool:
    return not row.delivered or bool(row.fault) or misfortunes.struck(job.id, row, following)


def _beside_a_stranger(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    """Demand that the job was refused. Only whoever lost an answer may take the stranger's clone for its own."""
    if job.clones:
        yield f"cloned into a store with somebody else's clone: {_told(job.clones)}"
    was_refused = job.status == JobStatus.FAILED and job.error_code in NOT_EMPTY and _answered(job, job.error_code)
    if was_refused and job.failure_kind == FailureKind.TARGET:
        return
    if not any(_is_lost(job, row, following, misfortunes) for row, following in _with_next(job)):
        yield f"ended as {job.status} {job.failure_kind} beside somebody else's clone {_told(job.strangers)}"
    elif job.status == JobStatus.COMPLETED:
        yield from _completed(replace(job, clones=job.strangers))
    elif not (was_refused and job.failure_kind == FailureKind.RESULT_LOST):
        yield from _never(job, misfortunes)


def _completed(job: JobFacts) -> Complaints:
    yield from _ended_too_early(job)
    if [(clone.ticket, clone.status) for clone in job.clones[-1:]] != [(job.ticket, "COMPLETED")]:
        yield f"completed with ticket {job.ticket}, but the sandbox says {_told(job.clones)}"
    wrong = job.mapping.items() ^ job.clone_mapping.items()
    if wrong:
        yield f"{len(wrong)} pairs of the mapping differ, such as {min(wrong)}"


def _ended_too_early(job: JobFacts) -> Complaints:
    """All clocks are this machine's: nobody can have seen an end before it was there."""
    for clone in job.clones[-1:]:
        if clone.finished_at is None or (job.finished_at or 0) < clone.finished_at:
            yield f"ended as {job.status} while {clone.ticket} was still running"


def _failed_at_ecwid(job: JobFacts, _: Misfortunes) -> Complaints:
    yield from _ended_too_early(job)
    said = [(clone.ticket, clone.status) for clone in job.clones[-1:]]
    if said != [(job.ticket, "FAILED")] or not job.error_message:
        yield f"failed at Ecwid, but the sandbox says {_told(job.clones)}"


def _refused(job: JobFacts, _: Misfortunes) -> Complaints:
    if job.clones:
        yield f"refused with {job.error_code}, but the sandbox says {_told(job.clones)}"
    if not _answered(job, job.error_code):
        yield f"refused with {job.error_code}, which the sandbox never answered"


def _kept_failing(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    yield from _refused(job, misfortunes)
    if _answered(job, job.error_code) < TRANSIENT_TRIES:
        yield f"given up after fewer than {TRANSIENT_TRIES} refusals"


def _result_lost(job: JobFacts, misfortunes: Misfortunes) -> Complaints:
    """Demand the proof that no answer which would have settled it could be kept, and that asking again was useless."""
    for clone in job.clones[-1:]:
        yield from _could_be_known(job, clone, job.finished_at or 0, misfortunes)
    if job.error_code in NOT_EMPTY:
        yield from _ran_unseen(job)
        return
    for row, following in _with_next(job):
        if row.error_code not in PASSING and not _is_lost(job, row, following, misfortunes):
            yield f"result lost, but request {row.id} was answered {row.error_code}, and nothing struck who asked"
    sent_at = misfortunes.first_sent(job.id)
    if sent_at is None or (job.finished_at or 0) - sent_at < ASK_AGAIN_WITHIN.total_seconds():
        yield "result lost less than a minute after the first request"
    if job.scope != "STORE_SETTINGS" and job.template != EMPTY_TEMPLATE:
        yield "result lost without asking again, though a second clone would have been refused"


def _ran_unseen(job: JobFacts) -> Complaints:
    """Demand a clone that ended, and the refusal that showed it afterwards."""
    refusals = [row.at for row in job.starts if row.error_code in NOT_EMPTY and row.delivered]
    ends = [clone.finished_at for clone in job.clones if clone.status == "COMPLETED" and clone.finished_at]
    if not (refusals and ends and max(refusals) >= max(ends)):
        yield f"result lost, but the sandbox says {_told(job.clones)}; it called the target full {len(refusals)} times"


def _never(job: JobFacts, _: Misfortunes) -> Complaints:
    yield f"failed as {job.failure_kind}, which nothing in this run can cause ({job.error_code} {job.error_message})"


FAILURES: Final[dict[str, Callable[[JobFacts, Misfortunes], Complaints]]] = {
    FailureKind.ECWID: _failed_at_ecwid,
    FailureKind.TARGET: _refused,
    FailureKind.TEMPLATE: _refused,
    FailureKind.UNKNOWN: _refused,
    FailureKind.TRANSIENT: _kept_failing,
    FailureKind.RESULT_LOST: _result_lost,
}


def _history(job: JobFacts) -> Complaints:
    """Hold the chain of events against TRANSITIONS: it begins with the order and ends where the job stands."""
    at = ""
    for old, new in job.events:
        allowed = old == new or (not old and new == JobStatus.WAITING) or (old and new in TRANSITIONS[JobStatus(old)])
        if old != at or not allowed:
            yield f"its history jumps from {at or 'nothing'} by {old or 'nothing'} → {new}"
        at = new
    if at != job.status:
        yield f"its history ends at {at or 'nothing'}, the job at {job.status}"


def about_requests(requests: Sequence[LoggedRequest], limit: int) -> Complaints:
    """Yield the requests that came when all had to be silent, and the minutes with more of them than `limit`."""
    for row in requests:
        if row.blocked_seconds is not None and row.blocked_seconds > SILENT_AFTER_SECONDS:
            yield f"request {row.id} ({row.call}) came {row.blocked_seconds:.1f} s into a block"
        if row.http_status == 429 and not row.fault and row.blocked_seconds is None:
            yield f"request {row.id} ({row.call}) broke the rate limit"
    times = [row.at for row in requests if row.blocked_seconds is None]
    most = most_in_a_minute(times)
    if most > limit:
        yield f"{most} requests within a minute; the limit is {limit}"


def most_in_a_minute(times: Sequence[float]) -> int:
    """Return the highest number of `times` within any 60 seconds."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while ordered[first] <= at - MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return most


def about_clones(clones: Sequence[LoggedClone], jobs: Sequence[JobFacts], ordered: int) -> Complaints:
    """Yield clones that nobody ordered, and whether orders are missing."""
    targets = {job.target for job in jobs}
    for clone in clones:
        if clone.target not in targets:
            yield f"the sandbox cloned into {clone.target}, which no job names"
    if len(jobs) != ordered:
        yield f"{ordered} clones were ordered, and the portal has {len(jobs)}"


def _answered(job: JobFacts, code: str) -> int:
    return sum(row.delivered and row.error_code == code for row in job.starts)


def _with_next(job: JobFacts) -> Iterator[tuple[LoggedRequest, float]]:
    """Yield each POST of a job, and until when its answer could still be kept: the next one, or the job's end."""
    for row, following in pairwise(job.starts):
        yield row, following.at
    for row in job.starts[-1:]:
        yield row, job.finished_at or row.at


def _told(clones: Sequence[LoggedClone]) -> str:
    return ", ".join(f"{clone.ticket} {clone.status}" for clone in clones) or "that nothing was cloned"
