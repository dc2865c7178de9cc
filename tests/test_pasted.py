"""Pasted texts as offices have them: what is surely a store is taken, what may be something else is asked about."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.imports import Row, read_pasted, table_in, words_between


def store(row: Row) -> str:
    return row.cells["store_id"] or row.cells["email"]


def sure(text: str) -> list[str]:
    return [store(row) for row in read_pasted(text) if not row.problem]


def asked(text: str) -> dict[str, str]:
    return {store(row): row.problem for row in read_pasted(text) if row.problem}


# A list ---------------------------------------------------------------------------------------------------------------


def test_a_pasted_list_is_taken_apart() -> None:
    rows = read_pasted("9001, 9002;anna@example.com\n\n 9003\t9004\r\n9005")

    assert [(row.line, store(row), row.problem) for row in rows] == [
        (1, "9001", ""), (1, "9002", ""), (1, "anna@example.com", ""), (3, "9003", ""), (3, "9004", ""),
        (4, "9005", ""),
    ]  # fmt: skip
    assert rows[2].cells["store_id"] == ""


ids = st.integers(1_000, 9_999_999_999).map(str)
between = st.sampled_from(
    ["\n", ",", ", ", " ,", ";", "; ", " ", "  ", "\t", "\u00a0", "\r\n", " | ", " and ", "\n- ", "\n\n"]
)


@given(st.lists(ids, min_size=1), st.data())
def test_a_list_of_store_ids_is_taken_whatever_stands_between_them(stores: list[str], data: st.DataObject) -> None:
    text = stores[0] + "".join(data.draw(between) + one for one in stores[1:])

    assert (sure(text), asked(text)) == (stores, {})


@pytest.mark.parametrize(
    "line", ["(31000001)", "«31000001»", "#31000001", "* 31000001!", "1. 31000001", "12) 31000001"]
)
@pytest.mark.parametrize("mark", ["{}", "> {}", "- {}", "• {}", "  {}  ", "| {} |"])
def test_signs_and_bullets_around_a_store_do_not_matter(line: str, mark: str) -> None:
    assert sure(mark.format(line)) == ["31000001"]


@pytest.mark.parametrize(
    "text", ["'31000001", '="31000001"', "\u00a031000001\u00a0", "31000001.", "31000001;", "=31000001"]
)
def test_what_spreadsheets_put_around_an_id_goes(text: str) -> None:
    assert (sure(text), asked(text)) == (["31000001"], {})


def test_only_one_number_before_a_store_is_that_of_its_line() -> None:
    assert [store(row) for row in read_pasted("31. 12. 2026\n12) 31000001")] == ["12 2026", "31000001"]


def test_nothing_pasted_is_no_row() -> None:
    assert read_pasted(" \n ;, \t - \u2013") == []


@pytest.mark.parametrize("heading", ["", "New stores:\n\n"])
def test_in_a_list_of_stores_with_their_names_the_first_number_is_the_store(heading: str) -> None:
    text = f"{heading}9001 Anna's bakery\n9002 Bert's 24 hours shop\n\n- 9003 Carla"

    assert (sure(text), list(asked(text))) == (["9001", "9002", "9003"], ["24"])


@pytest.mark.parametrize(
    "text",
    [
        "Anna's bakery\n20095 Hamburg",
        "9001 Anna's bakery\n9002 Bert\nCall 040 1234567",
        "9001 Anna's bakery\n12.5.2026 Bert",
        "Dear all,\nplease note that from\n2027 on we have new rooms.\nYours",
    ],
)
def test_where_other_lines_are_no_list_a_number_before_words_is_asked_about(text: str) -> None:
    assert sure(text) == []


@pytest.mark.parametrize("number", ["7", "12", "123", "49401234567", "4006381333931"])
def test_a_number_with_few_or_many_digits_is_asked_about(number: str) -> None:
    assert f"It has {len(number)} digit" in asked(f"9001\n{number}\n9002")[number]
    assert sure(f"9001\n{number}\n9002") == ["9001", "9002"]


# Words around it ------------------------------------------------------------------------------------------------------

EMAIL = """Hi Sam,

as discussed on 25.11.2026, please clone into these by 9:30 tomorrow:
31000001
31000002, 31000003 and 31000004
* 31000005: Anna's bakery
Store ID 31000006 is for Bert (order 4711, invoice 2026-0815, 12 products).
And 31000001 first please.

Best regards
Kim Example
Example Ltd, 12 High Street, 20095 Hamburg
Tel. +49 40 1234567, mobile 0170 / 123 45 67
Fax (040) 1234-568   HRB 123456
kim@example.com
"""


def test_of_an_email_only_what_is_surely_a_store_is_taken() -> None:
    stores = [f"3100000{number}" for number in range(1, 7)]

    assert sure(EMAIL) == [*stores, "31000001", "kim@example.com"]
    assert list(asked(EMAIL)) == [
        "25.11.2026", "9:30", "4711", "2026-0815", "12", "20095", "+49 40 1234567", "0170 / 123 45 67", "040 1234-568",
        "123456",
    ]  # fmt: skip


def test_what_is_asked_about_is_shown_with_its_line() -> None:
    assert asked(EMAIL)["20095"] == (
        "Is 20095 a store? It stands in “Example Ltd, 12 High Street, 20095 Hamburg”. Say so, or remove it."
    )
    assert asked(EMAIL)["+49 40 1234567"] == "It stands in “Tel. +49 40 1234567, mobile 0170 / 123 45 67”."
    assert [row.line for row in read_pasted(EMAIL) if store(row) == "20095"] == [12]


def test_what_is_neither_number_nor_address_is_passed_over() -> None:
    assert words_between(EMAIL)[:3] == ["Hi", "Sam", "as"]
    assert words_between("9001, 9002 and 9003") == []


@pytest.mark.parametrize(
    "words",
    [
        "Store ID {}", "Store ID: {}", "store id = {} please", "Shop-ID {} (Anna)", "StoreID:{}", "store_id={}",
        "for Anna: Shop Nr. {}", "Store number {}", "ID: {}", "ID\t{}\tAnna", "Store ID #{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", ["31000001", "7", "4006381333931"])
def test_a_number_that_is_called_a_store_id_is_one(words: str, number: str) -> None:
    assert sure(words.format(number)) == [number]


def test_so_are_those_that_go_on_after_it() -> None:
    text = "the store IDs 9001, 9002; 9003 and 9004 for 2026"

    assert (sure(text), list(asked(text))) == (["9001", "9002", "9003", "9004"], ["2026"])


@pytest.mark.parametrize(
    "words",
    [
        "Order ID {}", "Customer no. {}", "Corner Store {} Main Street", "Bike Shop\t{}", "Phone: {}", "Phone\t{}",
        "{} Hamburg", "Invoice #{}", "in {} we met", "please clone {}", "{}, Hamburg", "Anna\t{}", "store opens {}",
    ],
)  # fmt: skip
def test_any_other_number_among_words_is_asked_about(words: str) -> None:
    assert (sure(words.format("20095")), list(asked(words.format("20095")))) == ([], ["20095"])


@pytest.mark.parametrize(
    "words", ["{}: Anna", "{} - Anna", "{} \u2013 Anna", "{}\tAnna", "{}; Anna", "{}:Anna", "| {} | Anna |"]
)
def test_a_number_that_begins_its_line_is_a_store_and_what_is_behind_it_its_name(words: str) -> None:
    assert (sure(words.format("31000001")), asked(words.format("31000001"))) == (["31000001"], {})
    assert list(asked(words.format("12"))) == ["12"]


@pytest.mark.parametrize(
    "number",
    [
        "+49 40 1234567", "0170 / 123 45 67", "040 123-4567", "555 123 4567", "040/1234567", "25.11.2026", "2026-11-25",
        "11/25/2026", "9001-9005", "9001 - 9005", "31000001,00", "3.1E+07", "3,1E+07", "31000001.0", "12a", "-9001",
        "\u0669\u0660\u0660\u0661", "https://store9001.example.com",
    ],
)  # fmt: skip
def test_what_belongs_together_stays_together(number: str) -> None:
    assert [store(row) for row in read_pasted(f"{number}\n9001")] == [number, "9001"]


@pytest.mark.parametrize("sign", [",", ".", "'", "\u2019", " ", "\u00a0", "\u202f", "\u2009"])
@given(number=st.integers(1_000, 9_999_999_999))
def test_thousands_are_never_taken_for_several_stores(sign: str, number: int) -> None:
    (row,) = read_pasted(f"{number:,}".replace(",", sign))

    assert not row.cells["store_id"].isdigit()


@given(st.text(st.sampled_from("0123456789 ,;:#/+-@ab\n\t|'&")))
def test_no_digit_is_lost_and_none_is_made_up(text: str) -> None:
    found = Counter(digit for row in read_pasted(text) for digit in store(row) if digit.isdigit())
    there = Counter(filter(str.isdigit, text))

    assert found <= there  # what is asked about twice is one row
    assert found.keys() == there.keys()


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for row in read_pasted(text):
        assert store(row)
    words_between(text)


def test_of_a_long_line_only_whole_words_are_quoted() -> None:
    token = f"secret_{'a' * 32}"
    (question,) = asked(f"{'word ' * 100}{token} 4711 {token} {'word ' * 100}").values()

    assert len(question) < 300
    assert question.count(token) == 2
    assert "word word" in question


def test_an_email_address_among_words_is_asked_about() -> None:
    assert list(asked("Anna <anna@example.com>")) == ["anna@example.com"]
    assert sure("anna@example.com") == ["anna@example.com"]


def test_a_store_that_is_sure_once_is_sure() -> None:
    assert (sure("9001 is urgent\n9001"), asked("9001 is urgent\n9001")) == (["9001", "9001"], {})


@pytest.mark.parametrize("what", ["9001", "24/7", "kim@example.com"])
def test_what_stands_there_twice_is_asked_about_once_with_its_first_line(what: str) -> None:
    (row,) = read_pasted(f"{what} is urgent\nsee {what}")

    assert (store(row), row.line) == (what, 1)
    assert f"It stands in “{what} is urgent”." in row.problem


# A table --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["\t", ";", ","])
def test_a_table_with_column_names_is_read_as_a_file_is(sign: str) -> None:
    lines = [
        ["Customer", "Store ID", "ZIP", "E-Mail"],
        ["Anna, Ltd", "31000001", "20095", ""],
        ["Bert", "31,000,002", "", ""],
    ]
    text = "\n" + "\n".join(sign.join(f'"{cell}"' for cell in line) for line in lines)

    table = table_in(text)

    assert table is not None
    assert (table.used, table.ignored) == (["store_id", "email"], ["Customer", "ZIP"])
    assert [(row.line, row.cells["store_id"]) for row in read_pasted(text)] == [(3, "31000001"), (4, "31,000,002")]
    assert words_between(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Store ID\n9001\n9002", "Store ID, please:\n9001\n9002", "E-mail, name, phone\n9001",
        "Store ID, 9001\n9002", "Shop ID;anna@example.com\n9001;x", "Store ID;Name",
        'Store ID;"Name\n9001', "", "Store ID\tStore ID\n9001\t9002",
    ],
)  # fmt: skip
def test_what_only_begins_like_a_table_is_none(text: str) -> None:
    assert table_in(text) is None
