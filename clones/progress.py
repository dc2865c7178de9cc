"""How far a batch is: counted from its clones, told in one way wherever it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from clones.choices import ACTIVE, ENDED_BADLY, TERMINAL, BatchState, JobStatus
from clones.models import Batch, CloneJob


@dataclass(frozen=True)
class Progress:
    """The number of a batch's clones by status."""

    counts: Mapping[JobStatus, int]

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
    def state(self) -> BatchState:
        """What became of the batch."""
        if self.active:
            return BatchState.WAITING if self.waiting == self.total else BatchState.RUNNING
        alone = {
            self.completed: BatchState.COMPLETED,
            self.failed: BatchState.FAILED,
            self.canceled: BatchState.CANCELED,
        }
        return alone.get(self.total) or (BatchState.PARTLY if self.failed else BatchState.CUT)

    @property
    def words(self) -> str:
        """The totals in words: "37 of 40 completed, 3 failed"."""
        rest = ((self.failed, "failed"), (self.canceled, "canceled"), (self.active - self.waiting, "running"))
        more = [f"{count:,} {word}" for count, word in (*rest, (self.waiting, "waiting")) if count]
        return ", ".join([f"{self.completed:,} of {self.total:,} completed", *more])

    @property
    def retriable_words(self) -> str:
        """Those that may be asked for again, in words: "3 failed and 1 canceled"."""
        return " and ".join(
            f"{count:,} {word}" for count, word in ((self.failed, "failed"), (self.canceled, "canceled")) if count
        )

    @property
    def token(self) -> str:
        """A text that changes when the counts do."""
        return "-".join(str(self.of(status)) for status in JobStatus)


def still_to_retry(batch_id: int) -> Progress:
    """Return how many of one batch's clones ended badly and were not asked for again yet. One query."""
    ended_badly = CloneJob.objects.filter(batch_id=batch_id, status__in=ENDED_BADLY)
    once = ended_badly.filter(~Exists(CloneJob.objects.filter(retry_of=OuterRef("pk"))))
    rows = once.order_by().values_list("status").annotate(count=Count("*"))
    return Progress({JobStatus(status): count for status, count in rows})


def with_progress(batches: Iterable[Batch]) -> list[tuple[Batch, Progress]]:
    """Return each batch with how far it is. One query."""
    found = list(batches)
    counts: dict[int, dict[JobStatus, int]] = {batch.pk: {} for batch in found}
    rows = CloneJob.objects.filter(batch__in=list(counts)).order_by()
    for batch_id, status, count in rows.values_list("batch_id", "status").annotate(count=Count("*")):
        counts[batch_id][JobStatus(status)] = count
    return [(batch, Progress(counts[batch.pk])) for batch in found]
