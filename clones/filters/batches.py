"""What the query of the list of batches means."""

import re
from typing import Final

from django.db.models import Q, QuerySet
from django.http import QueryDict

from clones.filters.address import AddressFilter, IdFilter
from clones.filters.search import SearchFilter
from clones.models import Batch

_NUMBER: Final = re.compile(r"(?:batch )?([0-9]{1,18})", re.ASCII | re.IGNORECASE)


class BatchFilter(AddressFilter):
    """Batches as the address asks for them; a value that makes no sense is passed over."""

    template = IdFilter("template_id", "template")
    user = IdFilter("created_by_id", "person")
    q = SearchFilter()

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
