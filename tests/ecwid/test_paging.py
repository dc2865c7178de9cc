"""Listings that contradict themselves are not believed."""

from collections.abc import Iterator

import pytest

from clones.ecwid import Category, NoAnswer
from clones.ecwid.paging import Page, every_item, read_page
from clones.ecwid.stores import read_category
from clones.ecwid.values import Json, Malformed


def category(number: int) -> Category:
    return Category(str(number), "", "", None, None, None)


def page(total: int, first: int, last: int) -> Page[Category]:
    return Page(total, tuple(category(number) for number in range(first, last)))


def listed(pages: list[Page[Category]]) -> Iterator[Category]:
    """The items of pages that are given in this order, whatever is asked for."""
    waiting = iter(pages)
    return every_item(lambda _offset: next(waiting))


def test_every_page_is_asked_for_where_the_last_one_ended() -> None:
    offsets: list[int] = []

    def fetch(offset: int) -> Page[Category]:
        offsets.append(offset)
        return page(250, offset, min(offset + 100, 250))

    assert [item.id for item in every_item(fetch)] == [str(number) for number in range(250)]
    assert offsets == [0, 100, 200]


def test_an_empty_listing_takes_one_page() -> None:
    assert list(listed([page(0, 0, 0)])) == []


def test_short_pages_are_followed_to_the_end() -> None:
    assert len(list(listed([page(3, 0, 1), page(3, 1, 2), page(3, 2, 3)]))) == 3


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([page(200, 0, 100), page(200, 0, 100)], "twice"),
        ([page(200, 0, 100), page(300, 100, 200)], "changed"),
        ([page(200, 0, 100), page(200, 0, 0)], "early"),
        ([page(100, 0, 101)], "more items"),
        ([page(0, 0, 1)], "more items"),
    ],
)
def test_a_contradiction_ends_the_listing(pages: list[Page[Category]], reason: str) -> None:
    with pytest.raises(NoAnswer, match=reason):
        list(listed(pages))


def test_a_listing_that_drips_is_left_after_so_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.ecwid.paging.MOST_PAGES", 5)

    with pytest.raises(NoAnswer, match="does not end"):
        list(every_item(lambda offset: page(1_000, offset, offset + 1)))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"total": None, "items": []},
        {"total": "many", "items": []},
        {"total": -1, "items": []},
        {"total": 10**9, "items": []},
        {"total": True, "items": []},
        {"total": 1, "items": {"0": {"id": 1}}},
        {"total": 1, "items": [None]},
        {"total": 1, "items": [{"id": None}]},
        "listing",
    ],
)
def test_an_envelope_of_another_shape_is_malformed(body: Json) -> None:
    with pytest.raises(Malformed):
        read_page(body, read_category)


def test_a_total_written_as_text_is_taken() -> None:
    assert read_page({"total": "0", "items": []}, read_category) == Page(0, ())
