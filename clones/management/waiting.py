"""Waiting for clones on a terminal: progress, and why nothing moves."""

import time
from collections import Counter
from typing import Final

from django.core.management.base import OutputWrapper
from django.utils import timezone

from clones.choices import AT_ECWID, BlockReason, CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.failures import failure_of
from clones.management.standing import Standing, standings, words
from clones.models import CloneEvent, CloneJob, Connection, SiteClone, StoreCreation, WorkerBeat

LOOK_EVERY_SECONDS: Final = 0.5
MISSED_LOOKS: Final = 2
_STEPS: Final = tuple(words(step) for kind in (CreationStatus, JobStatus, SiteStatus) for step in kind)
PUT_RIGHT: Final = "Put the key or its scopes right and run manage.py connect again; else one request an hour tries."
NO_WORKER: Final = "No worker is running, so nothing is sent to Ecwid. Start one with: manage.py worker"


def standstill(connection: Connection) -> str:
    """Say in a sentence why clones over `connection` do not move just now; "" when nothing is in the way."""
    now = timezone.now()
    if not WorkerBeat.objects.alive(now).exists():
        return NO_WORKER
    reason = connection.standstill(now)
    refused = reason and connection.block_reason == BlockReason.CREDENTIALS
    return f"{reason} {PUT_RIGHT}" if refused else reason


def trouble(jobs: list[CloneJob]) -> str:
    """Say in a sentence what keeps one of these unfinished jobs from moving at Ecwid; "" when nothing is known."""
    if any(job.status in AT_ECWID and job.tries >= MISSED_LOOKS for job in jobs):
        return "Ecwid does not answer just now. The portal goes on asking."
    waiting = [job.pk for job in jobs if job.status == JobStatus.WAITING and job.submitted_at]
    last = CloneEvent.objects.filter(job__in=waiting).last()
    return last.note if last else ""


def describe(row: Standing) -> str:
    """Say in a line what became of a store, or how it stands: status, Ecwid's code and words, what to do."""
    job = row.job
    line = f"{job.target}: {words(row.step)}."
    if job.status == JobStatus.FAILED:
        failure = failure_of(FailureKind(job.failure_kind), job.error_code)
        return f"{line} {_said(job) or failure.label}: {failure.cause} {failure.next_step}"
    if job.status == JobStatus.COMPLETED:
        mapped = f"{line} {job.mappings.count():,} IDs mapped. {job.mapping_note}".rstrip()
        return f"{mapped} {_describe_site(row)}".rstrip()
    return f"{line} Not done yet. {row.stuck or _reason(row)}".rstrip()


def _reason(row: Standing) -> str:
    said = _said(row.creation or row.job)
    return f"Ecwid said {said}." if said else trouble([row.job])


def _said(row: CloneJob | StoreCreation | SiteClone) -> str:
    return " ".join(filter(None, (row.error_code, f"({row.error_message})" if row.error_message else "")))


def _describe_site(row: Standing) -> str:
    if row.site is None:
        return ""
    status = SiteStatus(row.site.status)
    said = f"Ecwid said {_said(row.site)}." if status != SiteStatus.DONE and _said(row.site) else ""
    return " ".join(filter(None, (f"Its Instant Site: {status.label}.", row.stuck, said)))


class Wait:
    """Looks at a batch until nothing of it goes on by itself or the time is up, and tells what changes."""

    def __init__(self, batch_id: int, timeout_seconds: float, out: OutputWrapper) -> None:
        self.batch_id = batch_id
        self.timeout_seconds = timeout_seconds
        self.out = out
        self.on_terminal = out.isatty()
        self.said = ""
        self.warned = ""

    def run(self) -> None:
        """Return when nothing goes on by itself any more, or after the timeout."""
        deadline = time.monotonic() + self.timeout_seconds
        while True:
            rows = standings(self.batch_id)
            running = [row.job for row in rows if row.moves]
            self._tell(rows)
            if not running:
                break
            self._warn(standstill(running[0].connection) or trouble(running))
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(LOOK_EVERY_SECONDS, left))
        if self.on_terminal:
            self.out.write("", style_func=str)

    def _tell(self, rows: list[Standing]) -> None:
        """Write the counts by status: in place on a terminal, else a line for every change."""
        counts = Counter(words(row.step) for row in rows)
        line = ", ".join(f"{counts[step]} {step}" for step in _STEPS if counts[step])
        if line != self.said:
            self.said = line
            if self.on_terminal:
                self.out.write(f"\r\x1b[K{line}", style_func=str, ending="")
            else:
                self.out.write(line, style_func=str)
            self.out.flush()

    def _warn(self, reason: str) -> None:
        """Say once why nothing moves, and again when the reason changes."""
        if reason and reason != self.warned:
            self.out.write(f"\n{reason}" if self.on_terminal else reason, style_func=str)
        self.warned = reason
