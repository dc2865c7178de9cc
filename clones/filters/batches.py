"""What the query of the list of batches means."""

import re
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django_filters import CharFilter, FilterSet

from clones.filters.jobs import IdFilter
from clones.models import Batch

_NUMBER: Final = re.compile(r"(?:batch )?([0-9]{1,18})", re.ASCII | re.IGNORECASE)


class BatchFilter(FilterSet):
    """Batches as the address asks for them; a value that makes no sense is passed over."""

    template = IdFilter("template_id", "template")
    user = IdFilter("created_by_id", "person")
    q = CharFilter(label="search", method="search", max_length=200)

    class Meta:
        model = Batch
        fields: tuple[str, ...] = ()

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, Batch.objects.all())

    def filter_queryset(self, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        """Apply the filters that make sense."""
        for name, value in self.form.cleaned_data.items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset

    def search(self, queryset: QuerySet[Batch], _name: str, text: str) -> QuerySet[Batch]:
        """Keep where the name holds the text, or it is the number, as in "12" or "batch 12"."""
        found = Q(name__icontains=text)
        number = _NUMBER.fullmatch(text)
        if number:
            found |= Q(pk=int(number[1]))
        return queryset.filter(found)

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the filters that are in force, by name."""
        return {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")}

    @property
    def passed_over(self) -> list[str]:
        """Return a sentence for each value of the address that makes no sense."""
        labels = (str(self.filters[name].label) for name in self.form.errors)
        return [f"The {label} in the address makes no sense and was passed over." for label in labels]
