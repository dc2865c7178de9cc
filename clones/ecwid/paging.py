"""Listings read page by page: complete and without repetition, or NoAnswer. The page source is an argument."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from clones.ecwid.errors import NoAnswer
from clones.ecwid.values import Json, Malformed, record, sequence, whole_number

# More than any store holds: a server that never ends its listing is not followed further than this.
MOST_ITEMS = 1_000_000
MOST_PAGES = 20_000


class Listed(Protocol):
    """An item of a listing."""

    @property
    def id(self) -> str:
        """What tells it from the others."""


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True)
class Page(Generic[L]):
    """One page and the length of the whole listing."""

    total: int
    items: tuple[L, ...]


def read_page(body: Json, read_item: Callable[[Json], L]) -> Page[L]:
    """Read the envelope `{"total": …, "items": […]}`. Raise Malformed without a usable total."""
    fields = record(body, "the listing")
    total = whole_number(fields.get("total"))
    if total is None or not 0 <= total <= MOST_ITEMS:
        raise Malformed("the listing has no usable total")
    return Page(total, tuple(read_item(item) for item in sequence(fields.get("items"), "items")))


def every_item(fetch: Callable[[int], Page[L]]) -> Iterator[L]:
    """Yield every item of a listing, `fetch(offset)` giving its pages one after another.

    Raise NoAnswer, after the items so far, where the pages contradict one another: a total that changes, an item that
    comes again, an empty page before the end, more items than the total.
    """
    seen: set[str] = set()
    total: int | None = None
    for _ in range(MOST_PAGES):
        page = fetch(len(seen))
        total = page.total if total is None else total
        if page.total != total:
            raise NoAnswer("the listing changed while it was read")
        for item in page.items:
            if item.id in seen:
                raise NoAnswer("the listing gave an item twice")
            seen.add(item.id)
            yield item
        if len(seen) > total:
            raise NoAnswer("the listing gave more items than it said")
        if len(seen) == total:
            return
        if not page.items:
            raise NoAnswer("the listing ended early")
    raise NoAnswer("the listing does not end")
