"""What the query of the list of batches means."""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django_filters import CharFilter

from clones.choices import ACTIVE, JobStatus
from clones.filters.address import AddressFilter, IdFilter
from clones.filters.search import SearchFilter
from clones.models import Batch, CloneJob, needing_person

_NUMBER: Final = re.compile(r"(?:batch )?([0-9]{1,18})", re.ASCII | re.IGNORECASE)

# What `state` may be → its words. Asked of the rows themselves, since no column holds a batch's state.
STATES: Final = {
    "open": "Still under way",
    "held": "Held",
    "person": "Needs a person",
    "failed": "With failed clones",
    "completed": "All completed",
}


def _check_state(word: str) -> None:
    if word not in STATES:
        raise ValidationError("There is no such state.")


class BatchFilter(AddressFilter):
    """Batches as the address asks for them; a value that makes no sense is passed over."""

    template = IdFilter("template_id", "template")
    user = IdFilter("created_by_id", "person")
    state = CharFilter(label="state", method="with_state", validators=[_check_state])
    q = SearchFilter()

    class Meta:
        model = Batch
        fields: tuple[str, ...] = ()

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, Batch.objects.kept())

    def filter_queryset(self, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """Apply the filters that make sense."""
        for name, value in self.form.cleaned_data.items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset

    @property
    def states(self) -> list[tuple[str, str]]:
        """The states that can be asked for, with their words."""
        return list(STATES.items())

    def with_state(self, queryset: QuerySet[Batch], _name: str, word: str) -> QuerySet[Batch]:
        """Keep the batches of which this is so."""
        jobs = CloneJob.objects.filter(batch=OuterRef("pk")).order_by()
        active = Exists(jobs.filter(status__in=ACTIVE))
        if word == "held":
            return queryset.filter(active).exclude(held_since=None)
        if word == "person":
            return queryset.filter(pk__in=needing_person(CloneJob.objects.order_by()).values("batch"))
        if word == "failed":
            return queryset.filter(Exists(jobs.filter(status=JobStatus.FAILED)))
        if word == "completed":
            return queryset.filter(~Exists(jobs.exclude(status=JobStatus.COMPLETED)))
        return queryset.filter(active)

    def search(self, queryset: QuerySet[Batch], _name: str, text: str) -> QuerySet[Batch]:
        """Keep where the name holds the text, or it is the number, as in "12" or "batch 12"."""
        found = Q(name__icontains=text)
        number = _NUMBER.fullmatch(text)
        if number:
            found |= Q(pk=int(number[1]))
        return queryset.filter(found)
