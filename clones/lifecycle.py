"""How a job changes: the table of allowed transitions, and the only code that writes a job's status.

Every change is a compare-and-swap on the old status (and on the lease, where the caller holds one), appends a
CloneEvent and raises the row's `version`. A job's end has consequences for the steps around it (`steps.job_ended`).
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from clones import steps
from clones.choices import TERMINAL, JobStatus
from clones.models import CloneEvent, CloneJob

logger = logging.getLogger(__name__)

TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.WAITING: frozenset({JobStatus.SUBMITTING, JobStatus.CANCELED, JobStatus.FAILED}),
    JobStatus.SUBMITTING: frozenset(
        {JobStatus.WAITING, JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED}
    ),
    JobStatus.QUEUED: frozenset({JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.IN_PROGRESS: frozenset({JobStatus.QUEUED, JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELED: frozenset(),
}

LEASE_GIVEN_BACK: Final[Mapping[str, Any]] = {"lease_token": "", "leased_until": None, "leased_by": None}


class IllegalTransitionError(Exception):
    """A status change that TRANSITIONS does not allow: a bug, not a state of the world."""


class JobChangedError(Exception):
    """Somebody else changed the job first; nothing was written."""


@dataclass(frozen=True)
class Change:
    """One job's next step: from the status it was read with to `to`, or a remark where the two are the same.

    `fields` are further columns to write; `note`, `code` and `message` go into the event.
    """

    job: CloneJob
    to: JobStatus
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    code: str = ""
    message: str = ""

    @property
    def is_transition(self) -> bool:
        """Tell whether the status changes."""
        return self.job.status != self.to

    @property
    def line(self) -> str:
        """Return what the log says of it."""
        way = f"{self.job}: {self.job.status} → {self.to}" if self.is_transition else f"{self.job}, {self.to}"
        said = self.note or self.code
        return way if said in ("", self.to) else f"{way}: {said}"

    def check(self) -> None:
        """Raise IllegalTransitionError where TRANSITIONS does not allow it."""
        if self.is_transition and self.to not in TRANSITIONS[JobStatus(self.job.status)]:
            message = f"{self.job}: {self.job.status} → {self.to}"
            raise IllegalTransitionError(message)


def advance(change: Change, *, at: datetime, actor: User | None = None) -> None:
    """Carry out one change, in a transaction of its own or the caller's.

    Raises JobChangedError where the job no longer has the status that it was read with.
    """
    if not advance_many([change], at=at, actor=actor):
        message = f"{change.job} changed meanwhile."
        raise JobChangedError(message)


def advance_many(
    changes: Iterable[Change], *, at: datetime, actor: User | None = None, under_lease: bool = False
) -> set[int]:
    """Carry out the changes in one transaction and return the ids of the jobs that were still as they were read.

    The others are left alone. With `under_lease`, only jobs count that are still leased as they were read. Jobs that
    share a change are written by one UPDATE.
    """
    groups: dict[tuple[str, str, frozenset[tuple[str, Any]]], list[Change]] = defaultdict(list)
    for change in changes:
        change.check()
        groups[change.job.status, change.to, frozenset(change.fields.items())].append(change)
    done: set[int] = set()
    if not groups:  # a transaction costs even where nothing is written
        return done
    with transaction.atomic():
        for group in groups.values():
            done |= _write(group, at, actor, under_lease=under_lease)
    return done


def _write(group: list[Change], at: datetime, actor: User | None, *, under_lease: bool) -> set[int]:
    """Write one group of equal changes and their events; return the ids that were written."""
    first = group[0]
    jobs = [change.job for change in group]
    rows = CloneJob.objects.filter(status=first.job.status)
    done = rows.lock_leased(jobs) if under_lease else rows.lock(jobs)
    if done:
        columns = {**first.fields, **_consequences(first, at)}
        CloneJob.objects.filter(pk__in=done).update(status=first.to, version=F("version") + 1, **columns)
        written = [change for change in group if change.job.pk in done]
        CloneEvent.objects.bulk_create(_event(change, at, actor) for change in written)
        if first.is_transition and first.to in TERMINAL:
            steps.job_ended(done, completed=first.to == JobStatus.COMPLETED, at=at)
        transaction.on_commit(partial(_log, written))
    return done


def _log(changes: list[Change]) -> None:
    for change in changes:
        logger.info("%s", change.line)


def _consequences(change: Change, at: datetime) -> dict[str, Any]:
    """Columns that follow from reaching a status."""
    if change.to not in TERMINAL or not change.is_transition:
        return {}
    return {"finished_at": at, "next_action_at": None, "unanswered_since": None, **LEASE_GIVEN_BACK}


def _event(change: Change, at: datetime, actor: User | None) -> CloneEvent:
    return CloneEvent(
        job_id=change.job.pk,
        at=at,
        actor=actor,
        from_status=change.job.status,
        to_status=change.to,
        note=change.note,
        code=change.code,
        message=change.message,
    )


def record_start(jobs: Iterable[CloneJob], *, at: datetime, actor: User | None = None) -> None:
    """Append the first event of jobs that were just created."""
    CloneEvent.objects.bulk_create(
        CloneEvent(job_id=job.pk, at=at, actor=actor, to_status=job.status, note="Asked for.") for job in jobs
    )
