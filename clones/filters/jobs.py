"""What the query of the list of clones means, for the page, its CSV, its refresh and a selection of "all matching"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django_filters import CharFilter

from clones.choices import ACTIVE, TERMINAL, FailureKind, JobStatus
from clones.filters.address import AddressFilter, IdFilter
from clones.filters.search import SearchFilter
from clones.models import Batch, CloneJob, TargetStore, needing_person
from clones.models.job import CloneJobQuerySet

# What `needs` may be → its words.
NEEDS: Final = {"person": "Needs a person", "retry": "Failed lately, not retried"}

# Words for several statuses, beside the statuses' own.
GROUPS: Final[dict[str, tuple[JobStatus, ...]]] = {
    "RUNNING": (JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.IN_PROGRESS),
    "ACTIVE": ACTIVE,
    "ENDED": TERMINAL,
}
TABS: Final[tuple[tuple[str, str, tuple[JobStatus, ...]], ...]] = (
    ("All", "", tuple(JobStatus)),
    ("Waiting", JobStatus.WAITING.value, (JobStatus.WAITING,)),
    ("Running", "RUNNING", GROUPS["RUNNING"]),
    *((str(status.label), status.value, (status,)) for status in TERMINAL),
)


def statuses(word: str) -> tuple[JobStatus, ...]:
    """Return the statuses that a word of the address means, in whatever case; none: it means nothing."""
    word = word.strip().upper()
    return GROUPS.get(word) or tuple(status for status in JobStatus if status.value == word)


def _check_status(word: str) -> None:
    if not statuses(word):
        raise ValidationError("There is no such status.")


def _check_failure(word: str) -> None:
    if word not in FailureKind.values:
        raise ValidationError("There is no such kind of failure.")


def _check_needs(word: str) -> None:
    if word not in NEEDS:
        raise ValidationError("There is no such need.")


def counts_by_status(jobs: QuerySet[CloneJob]) -> dict[JobStatus, int]:
    """Count the jobs of each status that there is. One query."""
    rows = jobs.order_by().values_list("status").annotate(count=Count("*"))
    return {JobStatus(status): count for status, count in rows}


@dataclass(frozen=True)
class Tab:
    """A link to the jobs of some statuses, and how many the other filters leave of them."""

    label: str
    query: str
    count: int
    is_current: bool


class JobFilter(AddressFilter):
    """Jobs as the address asks for them. A value that makes no sense is passed over and named in `passed_over`."""

    status = CharFilter(label="status", method="with_status", validators=[_check_status])
    template = IdFilter("template_id", "template")
    batch = IdFilter("batch_id", "batch")
    user = IdFilter("created_by_id", "person")
    failure = CharFilter("failure_kind", label="kind of failure", validators=[_check_failure])
    code = CharFilter("error_code", label="error code")
    needs = CharFilter(label="need", method="with_need", validators=[_check_needs])
    q = SearchFilter()

    any_status: QuerySet[CloneJob]

    class Meta:
        model = CloneJob
        fields: tuple[str, ...] = ()

    def __init__(self, query: QueryDict, queryset: QuerySet[CloneJob] | None = None) -> None:
        super().__init__(query, CloneJob.objects.all() if queryset is None else queryset)

    def filter_queryset(self, queryset: QuerySet[CloneJob]) -> QuerySet[CloneJob]:
        """Apply the filters; `any_status` is left behind with all of them but the status."""
        values = dict(self.form.cleaned_data)
        status = values.pop("status", "")
        for name, value in values.items():
            queryset = self.filters[name].filter(queryset, value)
        self.any_status = queryset
        kept: QuerySet[CloneJob] = self.filters["status"].filter(queryset, status)
        return kept

    def with_status(self, queryset: QuerySet[CloneJob], _name: str, word: str) -> QuerySet[CloneJob]:
        """Keep one status, or a group of them."""
        return queryset.filter(status__in=statuses(word))

    def with_need(self, queryset: CloneJobQuerySet, _name: str, word: str) -> QuerySet[CloneJob]:
        """Keep what goes on only when a person has seen to it, or what failed lately and nobody asked for again."""
        return queryset.lately_failed(timezone.now()) if word == "retry" else needing_person(queryset)

    @property
    def need_label(self) -> str:
        """What is listed of those that need something, in words; "" for all."""
        return NEEDS.get(self.chosen.get("needs", ""), "")

    @property
    def narrows(self) -> bool:
        """Tell whether a filter is in force beside the status, which has tabs."""
        return bool(self.chosen.keys() - {"status"})

    @property
    def failure_label(self) -> str:
        """The kind of failure that is listed, in words; "" for all."""
        kind = self.chosen.get("failure")
        return str(FailureKind(kind).label) if kind else ""

    def search(self, queryset: QuerySet[CloneJob], _name: str, text: str) -> QuerySet[CloneJob]:
        """Keep where the target's ID or the ticket begins so, or its label, its e-mail or the batch's name holds it."""
        named = Q(label__icontains=text) | Q(email__icontains=text)
        targets = TargetStore.objects.filter(Q(store_id__startswith=text) | named)
        batches = Batch.objects.filter(name__icontains=text)
        return queryset.filter(
            Q(target__in=targets.order_by()) | Q(batch__in=batches.order_by()) | Q(ticket__startswith=text)
        )

    @cached_property
    def counts(self) -> dict[JobStatus, int]:
        """What the other filters leave, by status: one query, also for the tabs and the pages' total."""
        _ = self.qs  # leaves any_status behind
        return counts_by_status(self.any_status)

    def knows(self, counts: Mapping[JobStatus, int]) -> None:
        """Take the counts of what the other filters leave from somebody who has them: nothing is counted again."""
        self.counts = dict(counts)

    def count(self, members: tuple[JobStatus, ...]) -> int:
        """Return how many the other filters leave of these statuses."""
        return sum(self.counts.get(status, 0) for status in members)

    @property
    def total(self) -> int:
        """How many jobs all the filters leave."""
        return self.count(self.members)

    @property
    def members(self) -> tuple[JobStatus, ...]:
        """The statuses that are listed."""
        return statuses(self.chosen.get("status", "")) or tuple(JobStatus)

    def tabs(self) -> list[Tab]:
        """Return the list's tabs; a group of statuses that has none of its own gets one while it is listed."""
        shown = list(TABS)
        if self.members not in (members for _, _, members in TABS):
            word = self.chosen["status"].strip().upper()
            shown.append((word.capitalize(), word, self.members))
        return [
            Tab(label, self.query(status=word or None), self.count(members), members == self.members)
            for label, word, members in shown
        ]

    def query(self, **other: object) -> str:
        """Return the filters in force as the query of an address, some of them changed; None leaves one out."""
        values = {**self.chosen, **other}
        query = QueryDict(mutable=True)
        query.update({name: str(value) for name, value in values.items() if value is not None})
        return query.urlencode()
