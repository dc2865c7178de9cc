from typing import Any

import pytest

from clones.sandbox.fields import asks_for, parse, pick

PAGE = {"total": 2, "count": 2, "items": [{"id": 1, "name": "Mug", "size": {"w": 3, "h": 4}}, {"id": 2}]}


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("total", {"total": 2}),
        ("items", {"items": PAGE["items"]}),
        ("total,items(id)", {"total": 2, "items": [{"id": 1}, {"id": 2}]}),
        ("items(id,size(w)),count", {"count": 2, "items": [{"id": 1, "size": {"w": 3}}, {"id": 2}]}),
        (" total , items( id ) ", {"total": 2, "items": [{"id": 1}, {"id": 2}]}),
        ("price", {}),
        ("total(id)", {"total": 2}),
    ],
)
def test_what_is_named_is_picked(text: str, picked: dict[str, Any]) -> None:
    assert pick(PAGE, parse(text)) == picked


@pytest.mark.parametrize(
    "text",
    ["", ",", "total,", ",total", "items(", "items()", "items(id", "items)", "(id)", "a(b)c", "a b", "a-b", "a(b))"],
)
def test_what_is_no_list_of_names_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


def test_brackets_may_be_nested_as_deep_as_one_likes() -> None:
    wanted = parse("a(" * 5_000 + "a" + ")" * 5_000)

    assert pick({"a": {"a": 1, "b": 2}, "b": 3}, wanted) == {"a": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "asks"),
    [("items", True), ("items(productCount)", True), ("total,items(id)", False), ("total", False), (None, True)],
)
def test_what_nobody_asks_for_need_not_be_counted(text: str | None, *, asks: bool) -> None:
    assert asks_for(parse(text) if text else None, "items", "productCount") is asks
