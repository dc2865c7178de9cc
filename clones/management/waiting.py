"""Waiting for clones on a terminal: progress, and why nothing moves."""

import time
from collections import Counter
from typing import Final

from django.core.management.base import OutputWrapper
from django.utils import timezone

from clones.choices import AT_ECWID, BlockReason, FailureKind, JobStatus
from clones.failures import failure_of
from clones.models import CloneEvent, CloneJob, Connection, WorkerBeat

LOOK_EVERY_SECONDS: Final = 0.5
MISSED_LOOKS: Final = 2
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


def describe(job: CloneJob) -> str:
    """Say in a line what became of a job, or how it stands: store, status, Ecwid's code and words, what to do."""
    status = JobStatus(job.status)
    said = " ".join(filter(None, (job.error_code, f"({job.error_message})" if job.error_message else "")))
    line = f"{job.target}: {status.label}."
    if status == JobStatus.FAILED:
        failure = failure_of(FailureKind(job.failure_kind), job.error_code)
        return f"{line} {said or failure.label}: {failure.cause} {failure.next_step}"
    if status == JobStatus.COMPLETED:
        return f"{line} {job.mappings.count():,} IDs mapped. {job.mapping_note}".rstrip()
    return f"{line} Not done yet. {f'Ecwid said {said}.' if said else trouble([job])}".rstrip()


class Wait:
    """Looks at the jobs until all have ended or the time is up, and tells what changes."""

    def __init__(self, job_ids: list[int], timeout_seconds: float, out: OutputWrapper) -> None:
        self.job_ids = job_ids
        self.timeout_seconds = timeout_seconds
        self.out = out
        self.on_terminal = out.isatty()
        self.said = ""
        self.warned = ""

    def run(self) -> None:
        """Return when all jobs have ended, or after the timeout."""
        deadline = time.monotonic() + self.timeout_seconds
        while True:
            jobs = list(CloneJob.objects.filter(pk__in=self.job_ids).select_related("connection"))
            running = [job for job in jobs if not job.is_terminal]
            self._tell(jobs)
            if not running:
                break
            self._warn(standstill(running[0].connection) or trouble(running))
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(LOOK_EVERY_SECONDS, left))
        if self.on_terminal:
            self.out.write("", style_func=str)

    def _tell(self, jobs: list[CloneJob]) -> None:
        """Write the counts by status: in place on a terminal, else a line for every change."""
        counts = Counter(job.status for job in jobs)
        line = ", ".join(f"{counts[status]} {status.label}" for status in JobStatus if counts[status])
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
