"""The table of old ID → new ID of one clone: tabs by type, a search by either ID, pages of 100."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from clones.choices import JobStatus
from clones.filters.search import typed_search
from clones.models import CloneJob, EntityMapping

PER_PAGE: Final = 100

_LABELS: Final = {"product": "Products", "category": "Categories"}
_ORDER: Final = tuple(_LABELS)
_WHY_NONE: Final = {
    JobStatus.COMPLETED: "Ecwid named no IDs for this clone.",
    JobStatus.FAILED: "There are none: this clone failed, and Ecwid names the new IDs of completed clones only.",
    JobStatus.CANCELED: "There are none: this clone was canceled before it was sent.",
}


@dataclass(frozen=True)
class Tab:
    """The pairs of one entity type; `count` are those that the search leaves."""

    type: str
    count: int
    query: str
    is_current: bool

    @property
    def label(self) -> str:
        """The type in words; one that the contract does not name stays as Ecwid names it."""
        return _LABELS.get(self.type, self.type)


class CountedPages(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Pages of rows whose number is known already."""

    def __init__(self, rows: QuerySet[EntityMapping], count: int) -> None:
        super().__init__(rows, PER_PAGE)
        self._count = count

    @cached_property
    def count(self) -> int:
        """All rows."""
        return self._count


@dataclass(frozen=True)
class Mapping:
    """What of a clone's mapping is shown. `total`: all pairs of all types, whatever is searched for."""

    tabs: list[Tab]
    total: int
    type: str
    q: str
    page: "Page[EntityMapping]"

    @classmethod
    def of(cls, job: CloneJob, query: QueryDict) -> Self:
        """Read it as the address says: `type`, `q` (what an old or new ID begins with), `page`. Two queries.

        The counts come out of the unique constraint's index, a page out of the foreign key's, which has the order of
        Ecwid's answer. Without a type, a search opens the first tab in which it finds something.
        """
        q = typed_search(query)
        rows = EntityMapping.objects.filter(job=job)
        if q:
            found = Q(source_id__startswith=q) | Q(target_id__startswith=q)
            totals, counts = _by_type(rows, all=Count("*"), found=Count("pk", filter=found))
            rows = rows.filter(found)
        else:
            (totals,) = (counts,) = _by_type(rows, all=Count("*"))
        types = sorted(totals, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
        filled = next((name for name in types if counts.get(name)), next(iter(types), ""))
        chosen = query.get("type", "") if query.get("type", "") in totals else filled
        pages = CountedPages(rows.filter(entity_type=chosen).order_by("pk"), counts.get(chosen, 0))
        tabs = [Tab(name, counts.get(name, 0), _query(type=name, q=q), name == chosen) for name in types]
        return cls(tabs, sum(totals.values()), chosen, q, pages.get_page(query.get("page")))

    @property
    def elsewhere(self) -> list[Tab]:
        """The other tabs that have something."""
        return [tab for tab in self.tabs if tab.count and not tab.is_current]

    @property
    def query(self) -> str:
        """The query of an address that shows the same."""
        return self._page_query(self.page.number)

    @property
    def without_search(self) -> str:
        """The query without `q`."""
        return _query(type=self.type)

    @property
    def previous(self) -> str:
        """The query of the page before; there must be one."""
        return self._page_query(self.page.previous_page_number())

    @property
    def next(self) -> str:
        """The query of the page after; there must be one."""
        return self._page_query(self.page.next_page_number())

    def _page_query(self, number: int) -> str:
        return _query(type=self.type, q=self.q, page=str(number) if number > 1 else "")


def _by_type(rows: QuerySet[EntityMapping], **counts: Count) -> list[dict[str, int]]:
    """Return each of the counts by entity type, all from one reading."""
    found = list(rows.order_by().values_list("entity_type").annotate(**counts))
    return [{row[0]: row[place] for row in found} for place in range(1, len(counts) + 1)]


def _query(**values: str) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def why_none(job: CloneJob) -> str:
    """Say why a clone has no mapping to show."""
    return job.mapping_note or _WHY_NONE.get(JobStatus(job.status), "They come when the clone is completed.")
