"""What the mail about a batch that has ended says: failed stores first, then what needs a person, then the rest."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from clones.choices import CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.failures import Failure, failure_of
from clones.models import Batch, CloneJob, SiteClone, StoreCreation

MOST_NAMED: Final = 50  # stores of one kind; the batch page names all of them
NOT_CLONED: Final = (SiteStatus.FAILED, SiteStatus.NEEDS_PERSON)


@dataclass(frozen=True)
class Stores:
    """Some stores that have something in common: the first few as they are called, and how many there are."""

    count: int
    named: Sequence[str]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.named)


@dataclass(frozen=True)
class Ended:
    """A batch at its end, as its mail tells it."""

    total: int
    completed: int
    failed: Sequence[tuple[Failure, Stores]] = field(default_factory=tuple)
    without_store: Stores = Stores(0, ())
    without_site: Stores = Stores(0, ())
    canceled: Stores = Stores(0, ())

    @property
    def failed_count(self) -> int:
        """How many clones failed."""
        return sum(stores.count for _, stores in self.failed)

    @property
    def is_well(self) -> bool:
        """Tell whether nothing failed and nothing needs a person; what somebody canceled did not fail."""
        return not (self.failed or self.without_store.count or self.without_site.count)

    @property
    def subject(self) -> str:
        """One line: "37 of 40 stores cloned"."""
        return f"{self.completed:,} of {self.total:,} store{'' if self.total == 1 else 's'} cloned"


def ended(batch: Batch) -> Ended:
    """Return what became of the batch's clones. A few queries, however many there are."""
    jobs = batch.jobs.order_by("pk")
    failed: dict[tuple[str, str], list[str]] = defaultdict(list)
    for job in jobs.filter(status=JobStatus.FAILED).select_related("target"):
        failed[job.failure_kind, job.error_code].append(str(job.target))
    groups = sorted(failed.items(), key=lambda group: -len(group[1]))
    waiting = StoreCreation.objects.filter(status=CreationStatus.NEEDS_PERSON).values("target")
    without_site = SiteClone.objects.filter(job__batch=batch, status__in=NOT_CLONED).values("job")
    return Ended(
        total=jobs.count(),
        completed=jobs.filter(status=JobStatus.COMPLETED).count(),
        failed=[(failure_of(FailureKind(kind), code), _stores(names)) for (kind, code), names in groups],
        without_store=_named(jobs.active().filter(target__in=waiting)),
        without_site=_named(jobs.filter(status=JobStatus.COMPLETED, pk__in=without_site)),
        canceled=_named(jobs.filter(status=JobStatus.CANCELED)),
    )


def _named(jobs: QuerySet[CloneJob]) -> Stores:
    return _stores([str(job.target) for job in jobs.select_related("target")])


def _stores(names: list[str]) -> Stores:
    return Stores(len(names), names[:MOST_NAMED])


def compose(batch: Batch) -> tuple[str, str]:
    """Return subject and text of the mail."""
    report = ended(batch)
    address = f"{settings.BASE_URL}{reverse('clones:batch_detail', args=[batch.pk])}"
    profile = f"{settings.BASE_URL}{reverse('clones:profile')}"
    context = {"batch": batch, "report": report, "address": address, "profile": profile, "is_link": settings.BASE_URL}
    return report.subject, render_to_string("mail/batch_ended.txt", context)
