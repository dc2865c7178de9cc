"""Where a clone comes from and what happened to it: its events in plain words, and the clones it was retried as."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from django.db.models import Count, F, Q

from clones.choices import JobStatus
from clones.models import CloneEvent, CloneJob
from clones.operations.retriable import Obstacle, refusal

SHOWN: Final = 12  # a day without Ecwid makes thousands

_WORDS: Final = {
    JobStatus.WAITING: "It waits.",
    JobStatus.SUBMITTING: "Asking Ecwid for the clone.",
    JobStatus.QUEUED: "It stands in Ecwid's queue.",
    JobStatus.IN_PROGRESS: "Ecwid has begun to copy.",
    JobStatus.COMPLETED: "Ecwid finished the clone.",
    JobStatus.FAILED: "It failed.",
    JobStatus.CANCELED: "It was canceled.",
}


@dataclass(frozen=True)
class Line:
    """An event as it is told."""

    event: CloneEvent

    @property
    def is_step(self) -> bool:
        """Tell whether the status changed."""
        return self.event.from_status != self.event.to_status

    @property
    def words(self) -> str:
        """What happened."""
        if self.event.note:
            return self.event.note
        return _WORDS[JobStatus(self.event.to_status)] if self.is_step else "Ecwid knows its ticket again."

    @property
    def code(self) -> str:
        """Ecwid's code; "" for a status that the words tell already."""
        return "" if self.event.code in JobStatus.values else self.event.code


@dataclass(frozen=True)
class Timeline:
    """The events, the latest first; `hidden` older ones are left out. `tries`: how often its start was begun."""

    lines: list[Line]
    hidden: int
    tries: int

    @classmethod
    def of(cls, job: CloneJob, *, whole: bool) -> Self:
        """Read it: two queries."""
        posts = Count("pk", filter=Q(to_status=JobStatus.SUBMITTING) & ~Q(from_status=F("to_status")))
        counts = job.events.order_by().aggregate(every=Count("pk"), tries=posts)
        events = job.events.select_related("actor").order_by("-pk")
        lines = [Line(event) for event in (events if whole else events[:SHOWN])]
        return cls(lines, counts["every"] - len(lines), counts["tries"])

    @property
    def last_note(self) -> str:
        """The note of the last event."""
        return self.lines[0].event.note if self.lines else ""


def into_the_same_store(job: CloneJob) -> list[CloneJob]:
    """Return every clone into the job's store, itself too, over whichever connection, oldest first. One query."""
    there = CloneJob.objects.filter(target=job.target_id)
    if job.target.store_id:
        there = CloneJob.objects.into(job.connection, [job.target.store_id])
    return list(there.order_by("pk").only("status", "retry_of"))


def chain(job: CloneJob, relatives: Sequence[CloneJob]) -> list[CloneJob]:
    """Return the first clone and all that retry it, this one among them; nothing where there was no retry."""
    origin = {each.pk: each.retry_of_id for each in relatives}
    first = job.pk
    while before := origin.get(first):
        first = before
    found = set[int]()
    for each in relatives:  # a retry is younger than what it retries
        if each.pk == first or each.retry_of_id in found:
            found.add(each.pk)
    return [each for each in relatives if each.pk in found] if len(found) > 1 else []


def retried_as(job: CloneJob, relatives: Sequence[CloneJob]) -> CloneJob | None:
    """Return the clone that retries this one; None where there is none."""
    return next((each for each in relatives if each.retry_of_id == job.pk), None)


def why_not_retried(job: CloneJob, relatives: Sequence[CloneJob]) -> str | None:
    """Say why this clone cannot be retried; "" where it can; None where nobody would want to."""
    busy = next((each for each in relatives if not each.is_terminal), None)
    why = refusal(job, retried_as(job, relatives), busy)
    if why is None:
        return ""
    return None if why.obstacle in {Obstacle.STATUS, Obstacle.ALREADY} else why.reason
