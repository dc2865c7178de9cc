"""How far a batch is: counted from its clones and their steps, told in one way wherever it is told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Value
from django.utils import timezone

from clones.choices import (
    ACTIVE,
    ENDED_BADLY,
    SITE_MOVES,
    TERMINAL,
    BatchState,
    CreationStatus,
    JobStatus,
    SiteStatus,
)
from clones.models import Batch, CloneJob, Connection, SiteClone, StoreCreation


@dataclass(frozen=True)
class Part:
    """Those of a batch's clones that are told of together."""

    status: JobStatus
    count: int
    words: str

    @property
    def tone(self) -> str:
        """Colour of its part of a bar; "" for what waits: there the bar is empty still."""
        return "" if self.status is JobStatus.WAITING else self.status.tone


@dataclass(frozen=True)
class Progress:
    """The number of a batch's clones by status, of the stores still to be created for them, and of their sites.

    `hold`: why the rest waits for a person; "" where it does not. `goes_alone`: the first clone is tried before the
    others. `is_stopped`: nothing is sent over its connection.
    """

    counts: Mapping[JobStatus, int]
    stores: Mapping[CreationStatus, int] = field(default_factory=dict)
    sites: Mapping[SiteStatus, int] = field(default_factory=dict)
    hold: str = ""
    goes_alone: bool = False
    is_stopped: bool = False

    def of(self, *statuses: JobStatus) -> int:
        """Return how many have one of these statuses."""
        return sum(self.counts.get(status, 0) for status in statuses)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def active(self) -> int:
        """Those that are not at their end."""
        return self.of(*ACTIVE)

    @property
    def ended(self) -> int:
        """Those at their end."""
        return self.of(*TERMINAL)

    @property
    def waiting(self) -> int:
        """Those that Ecwid has not been asked for."""
        return self.of(JobStatus.WAITING)

    @property
    def completed(self) -> int:
        """Those that completed."""
        return self.of(JobStatus.COMPLETED)

    @property
    def failed(self) -> int:
        """Those that failed."""
        return self.of(JobStatus.FAILED)

    @property
    def canceled(self) -> int:
        """Those that were canceled."""
        return self.of(JobStatus.CANCELED)

    @property
    def retriable(self) -> int:
        """Those that may be asked for again."""
        return self.failed + self.canceled

    @property
    def sites_failed(self) -> int:
        """Completed clones whose Instant Site failed."""
        return self.sites.get(SiteStatus.FAILED, 0)

    @property
    def sites_to_come(self) -> int:
        """Instant Sites that go on by themselves: those of clones that are still active are among them."""
        return sum(self.sites.get(status, 0) for status in SITE_MOVES)

    @property
    def well(self) -> int:
        """Those that ended as they should, site and all."""
        return self.completed - self.sites_failed

    @property
    def needs_person(self) -> int:
        """Those that go on only when a person has seen to their store or their site."""
        return self.stores.get(CreationStatus.NEEDS_PERSON, 0) + self.sites.get(SiteStatus.NEEDS_PERSON, 0)

    @property
    def in_creation(self) -> int:
        """Those that wait while Ecwid is asked to create their store, or whether it has."""
        return self.stores.get(CreationStatus.CREATING, 0) + self.stores.get(CreationStatus.LOOKING, 0)

    @property
    def is_open(self) -> bool:
        """Tell whether something is still to come of it."""
        return bool(self.active or self.sites_to_come)

    @property
    def moves(self) -> bool:
        """Tell whether something goes on by itself, now."""
        if self.state in {BatchState.HELD, BatchState.STOPPED}:
            return False
        return self._goes_on

    @property
    def _goes_on(self) -> bool:
        sites = self.sites.get(SiteStatus.CLONING, 0) if self.active else self.sites_to_come
        return bool(sites) or self.active > self.stores.get(CreationStatus.NEEDS_PERSON, 0)

    @property
    def state(self) -> BatchState:
        """What became of the batch."""
        if self.is_open:
            return self._open_state
        alone = {
            self.well: BatchState.COMPLETED,
            self.failed: BatchState.FAILED,
            self.canceled: BatchState.CANCELED,
        }
        return alone.get(self.total) or (BatchState.PARTLY if self.failed or self.sites_failed else BatchState.CUT)

    @property
    def _open_state(self) -> BatchState:
        if self.hold and self.waiting:
            return BatchState.HELD
        if self.is_stopped:
            return BatchState.STOPPED
        has_begun = self.waiting < self.total or self.in_creation
        return BatchState.RUNNING if has_begun and self._goes_on else BatchState.WAITING

    @property
    def label(self) -> str:
        """The state in words: "Partly failed (37 of 40)" names those that ended well."""
        state = self.state
        return f"{state.label} ({self.well:,} of {self.total:,})" if state is BatchState.PARTLY else str(state.label)

    @property
    def parts(self) -> list[Part]:
        """The clones by how far they are, with the totals in words: those that completed, then whatever else there is.

        What is at Ecwid, or on its way there, counts as running.
        """
        rest = (
            (JobStatus.FAILED, self.failed, "failed"),
            (JobStatus.CANCELED, self.canceled, "canceled"),
            (JobStatus.IN_PROGRESS, self.active - self.waiting, "running"),
            (JobStatus.WAITING, self.waiting, "waiting"),
        )
        completed = Part(JobStatus.COMPLETED, self.completed, f"{self.completed:,} of {self.total:,} completed")
        return [completed, *(Part(status, count, f"{count:,} {word}") for status, count, word in rest if count)]

    @property
    def words(self) -> str:
        """The totals in words: "37 of 40 completed, 3 failed"."""
        return ", ".join([*(part.words for part in self.parts), *self.site_words])

    @property
    def site_words(self) -> list[str]:
        """What is to be told of Instant Sites."""
        to_come = 0 if self.active else self.sites_to_come
        return [
            f"{count:,} {'site' if count == 1 else 'sites'} {word}"
            for count, word in ((self.sites_failed, "failed"), (to_come, "to come"))
            if count
        ]

    @property
    def retriable_words(self) -> str:
        """Those that may be asked for again, in words: "3 failed and 1 canceled"."""
        return " and ".join(
            f"{count:,} {word}" for count, word in ((self.failed, "failed"), (self.canceled, "canceled")) if count
        )

    @property
    def token(self) -> str:
        """A text that changes when anything of this does."""
        counts = (*map(self.of, JobStatus), *self._step_counts)
        flags = f"{self.hold}{'a' if self.goes_alone else ''}{'s' if self.is_stopped else ''}"
        return "-".join(map(str, counts)) + f"-{flags}"

    @property
    def _step_counts(self) -> Iterable[int]:
        yield from (self.stores.get(status, 0) for status in CreationStatus)
        yield from (self.sites.get(status, 0) for status in SiteStatus)


def still_to_retry(batch_id: int) -> Progress:
    """Return how many of one batch's clones ended badly and were not asked for again yet. One query."""
    rows = unretried(CloneJob.objects.filter(batch_id=batch_id, status__in=ENDED_BADLY))
    counts = rows.order_by().values_list("status").annotate(count=Count("*"))
    return Progress({JobStatus(status): count for status, count in counts})


def unretried(jobs: QuerySet[CloneJob]) -> QuerySet[CloneJob]:
    """Leave out what was asked for again."""
    return jobs.filter(~Exists(CloneJob.objects.filter(retry_of=OuterRef("pk"))))


def progress_of(batch_ids: Iterable[int]) -> dict[int, Progress]:
    """Return how far each of these batches is. One query; one that does not exist has a total of 0."""
    wanted = list(batch_ids)
    found: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    if wanted:
        jobs, *others = _counted(wanted)
        for batch_id, what, status, count in jobs.union(*others, all=True):
            found[batch_id, what][status] = count
    return {pk: _progress(lambda what, pk=pk: found.get((pk, what), {})) for pk in wanted}


def _progress(counted: Any) -> Progress:
    return Progress(
        {JobStatus(status): count for status, count in counted("jobs").items()},
        {CreationStatus(status): count for status, count in counted("stores").items()},
        {SiteStatus(status): count for status, count in counted("sites").items()},
        next(iter(counted("hold")), ""),
        bool(counted("alone")),
        bool(counted("stopped")),
    )


def _grouped(rows: QuerySet[Any], what: str, batch: str) -> QuerySet[Any, Any]:
    named = rows.order_by().annotate(what=Value(what), of=F(batch)).values("of", "what", "status")
    counted: QuerySet[Any, Any] = named.annotate(count=Count("*")).values_list("of", "what", "status", "count")
    return counted


def _flagged(batches: QuerySet[Batch], what: str, status: F | Value = Value("")) -> QuerySet[Any, Any]:  # noqa: B008
    named = batches.order_by().annotate(of=F("pk"), what=Value(what), flag=status, count=Value(1))
    return named.values_list("of", "what", "flag", "count")


# Open pages ask these every other second. They are made once: that takes Django longer than the database to answer.
_COUNTED: Final = (
    _grouped(CloneJob.objects.all(), "jobs", "batch_id"),
    _grouped(
        StoreCreation.objects.filter(finished_at=None, target__jobs__finished_at=None),
        "stores",
        "target__jobs__batch_id",
    ),
    _grouped(SiteClone.objects.all(), "sites", "job__batch_id"),
    _flagged(Batch.objects.exclude(held_since=None), "hold", F("hold_reason")),
    _flagged(Batch.objects.filter(canary=True, released_at=None, ended_at=None), "alone"),
)
_STOPPED: Final = _flagged(Batch.objects.all(), "stopped")


def _counted(wanted: list[int]) -> Iterable[QuerySet[Any, Any]]:
    """Yield the parts of one query: rows of batch, what is counted, its status, how many."""
    yield from (part.filter(of__in=wanted) for part in _COUNTED)
    yield _STOPPED.filter(of__in=wanted, connection__in=Connection.objects.stopped(timezone.now()).order_by())


def with_progress(batches: Iterable[Batch]) -> list[tuple[Batch, Progress]]:
    """Return each batch with how far it is. One query."""
    found = list(batches)
    progress = progress_of(batch.pk for batch in found)
    return [(batch, progress[batch.pk]) for batch in found]
