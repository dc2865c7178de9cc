"""What the query of a list of stores means: in use or archived, and what is searched for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Generic, TypeVar

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from clones.filters.search import typed_search
from clones.models import TargetStore, TemplateStore

S = TypeVar("S", TemplateStore, TargetStore)


@dataclass(frozen=True)
class ListedStores(Generic[S]):
    """The stores that the address asks for. The counts are of what the search leaves, without a second query."""

    stores: QuerySet[S]
    text: str
    is_archive: bool
    in_use: int
    archived: int

    @property
    def total(self) -> int:
        """How many stores are listed."""
        return self.archived if self.is_archive else self.in_use

    @property
    def is_bare(self) -> bool:
        """Tell whether there is nothing to list and nothing to search in."""
        return not (self.text or self.in_use or self.archived)


def listed_templates(query: Mapping[str, str] | QueryDict) -> ListedStores[TemplateStore]:
    """Read the address of the templates: `archived`, and `q`, where an ID begins or a name holds it."""
    return _listed(TemplateStore.objects.all(), ("name",), query)


def listed_targets(query: Mapping[str, str] | QueryDict) -> ListedStores[TargetStore]:
    """Read the address of the targets: `archived`, and `q`, where an ID begins or a label or an e-mail holds it."""
    return _listed(TargetStore.objects.all(), ("label", "email"), query)


def _listed(stores: QuerySet[S], words: Sequence[str], query: Mapping[str, str] | QueryDict) -> ListedStores[S]:
    text = typed_search(query)
    if text:
        holds = (Q(**{f"{column}__icontains": text}) for column in words)
        stores = stores.filter(reduce(or_, holds, Q(store_id__startswith=text)))
    counts = stores.aggregate(
        in_use=Count("pk", filter=Q(archived_at=None)), archived=Count("pk", filter=~Q(archived_at=None))
    )
    is_archive = bool(query.get("archived"))
    return ListedStores(stores.filter(archived_at__isnull=not is_archive), text, is_archive, **counts)
