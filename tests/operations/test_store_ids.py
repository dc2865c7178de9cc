import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.operations.errors import InvalidRequestError
from clones.operations.store_ids import check_store_id, check_store_ids

MALFORMED = [
    "",
    " ",
    "abc",
    "0",
    "09001",
    "-9001",
    "+9001",
    "9001.0",
    "9e3",
    "9,001",
    "9001,9002",
    "9001 9002",
    "9001\x00",
    "0x2329",
    "٩٠٠١",
    "\uff19\uff10\uff10\uff11",
    "²",
    "#9001",
    "9" * 20,
    "9" * 5000,
]

near_ids = st.text(alphabet=string.digits + " \t\n\x00-+.,eE٣\uff19²", max_size=25)


@pytest.mark.parametrize("text", MALFORMED, ids=ascii)
def test_what_is_no_store_id_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="is not a store ID: a store ID is a number") as raised:
        check_store_id(text)

    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("text", ["1003", " 1003", "1003\n", "\t1003 ", "1003\u00a0"])
def test_spaces_around_a_store_id_do_not_matter(text: str) -> None:
    assert check_store_id(text) == "1003"


def test_the_longest_store_id_is_that_of_a_64_bit_number() -> None:
    assert check_store_id("9223372036854775807") == "9223372036854775807"


def test_each_store_id_is_taken_once_in_the_order_of_its_first_mention() -> None:
    assert check_store_ids(["3", "1", " 3 ", "2", "1"]) == ["3", "1", "2"]


def test_one_malformed_id_spoils_the_list() -> None:
    with pytest.raises(InvalidRequestError, match="'9002x'"):
        check_store_ids(["9001", "9002x", "9003"])


@given(st.lists(st.one_of(st.text(), near_ids, st.integers().map(str))))
def test_any_texts_are_store_ids_or_refused(texts: list[str]) -> None:
    try:
        found = check_store_ids(texts)
    except InvalidRequestError:
        return

    assert len(found) == len(set(found))
    assert all(one.isascii() and one.isdigit() and not one.startswith("0") and len(one) < 20 for one in found)
    assert set(found) == {text.strip() for text in texts}
