"""CSV files and pasted lists as people bring them."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clones.exports import csv_chunks, id_cell, text_cell
from clones.imports import (
    COLUMNS,
    MOST_BYTES,
    MOST_ROWS,
    Row,
    Table,
    UnreadableFileError,
    bad_rows_csv,
    example_csv,
    read_csv,
)
from clones.views.draft_cells import LABELS


def table(*lines: str, end: str = "\r\n") -> Table:
    return read_csv(end.join(lines).encode())


def column(name: str, found: Table) -> list[str]:
    return [row.cells[name] for row in found.rows]


def refused(data: bytes) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read_csv(data)
    return str(caught.value)


# Encodings ------------------------------------------------------------------------------------------------------------

TEXT = "store_id;label\r\n9001;Müller & Söhne\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(TEXT.encode("utf-8-sig"), "UTF-8", id="UTF-8 with BOM"),
        pytest.param(TEXT.encode("utf-8"), "UTF-8", id="UTF-8"),
        pytest.param(TEXT.encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16", id="UTF-16, big end first"),
        pytest.param(TEXT.encode("cp1252"), "Windows-1252", id="Windows-1252"),
    ],
)
def test_the_encoding_is_found_and_said(data: bytes, encoding: str) -> None:
    found = read_csv(data)

    assert (found.encoding, column("label", found)) == (encoding, ["Müller & Söhne"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "The file is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n \r\n", "The file is empty", id="blank"),
        pytest.param(b"PK\x03\x04 xlsx", "This is a workbook, not a CSV file", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0 xls", "This is a workbook, not a CSV file", id="xls"),
        pytest.param(b"store_id\n9001\n\0", "This is not a text file", id="NUL"),
        pytest.param(TEXT.replace("ü", "u").encode("utf-16-le"), "This is not a text file", id="UTF-16 without BOM"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "This is not a text file", id="a picture"),
        pytest.param(b"store_id;label\n9001;\x81", "in UTF-8 or Windows-1252", id="no encoding fits"),
        pytest.param(b"\xef\xbb\xbfstore_id;label\n9001;\xfc", "in UTF-8:", id="a BOM that lies"),
        pytest.param(b"\xff\xfes", "in UTF-16:", id="half a character"),
        pytest.param(b"store_id\n" + b"9001\n" * 400_000, "larger than 2 MB", id="too large"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    assert words in refused(data)


# Delimiters and shapes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolon"), (",", "comma"), ("\t", "tab")])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_delimiter_and_line_ends_are_found(sign: str, name: str, end: str) -> None:
    others = "".join({";", ",", "\t"} - {sign})

    found = table(f"store_id{sign}label", f'9001{sign}"a{others}b{sign}c"', f"9002{sign}", end=end)

    assert (found.delimiter, column("store_id", found)) == (name, ["9001", "9002"])
    assert column("label", found) == [f"a{others}b{sign}c", ""]
    assert [row.problem for row in found.rows] == ["", ""]


def test_the_first_line_alone_decides_about_the_delimiter() -> None:
    found = table("store_id;label", "9001;a,b,c,d,e,f", "9002;g,h,i,j")

    assert (found.delimiter, column("label", found)) == ("semicolon", ["a,b,c,d,e,f", "g,h,i,j"])


def test_commas_in_an_unknown_column_name_do_not_mislead() -> None:
    found = table('"Remarks, if any, and when, and why";store_id', "x;9001")

    assert (found.delimiter, column("store_id", found)) == ("semicolon", ["9001"])


def test_a_file_of_one_column_has_no_delimiter() -> None:
    found = table("store_id", "9001", "9,002", "9;003")

    assert (found.delimiter, column("store_id", found)) == ("none", ["9001", "9,002", "9;003"])


def test_the_line_that_names_the_delimiter_for_excel_is_understood() -> None:
    found = table("sep=;", "store_id;label", "9001;x")

    assert (found.delimiter, [row.line for row in found.rows]) == ("semicolon", [3])


def test_lines_are_those_of_the_file() -> None:
    found = table("", "store_id;label", "9001;a", ";", "", '9002;"two', 'lines"', "9003;c", " ; ", "9004;d", "")

    assert [(row.line, row.cells["store_id"]) for row in found.rows] == [
        (3, "9001"), (6, "9002"), (8, "9003"), (10, "9004"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["store_id", "Store ID", " STORE-ID ", "storeId", '"store_id"', "Store_Id\u00a0"])
def test_column_names_are_understood_in_their_spellings(header: str) -> None:
    found = table(f'{header}; "E-Mail" ;Clone demo catalog', "9001;;no")

    assert found.used == ["store_id", "email", "clone_demo_catalog"]


def test_it_says_which_columns_it_used_ignored_and_missed() -> None:
    found = table("Label;Notes;store_id;;Notes", "a;b;9001;c;d")

    assert (found.used, found.ignored) == (["store_id", "label"], ["Notes"])
    assert set(found.missed) == set(COLUMNS) - {"store_id", "label"}
    assert column("label", found) == ["a"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["9001", "9002"], "does not name a column store_id or email"),
        (["label;scope", "a;ALL"], "does not name a column store_id or email"),
        (["store_id;label;Store-ID", "9001;a;9002"], "names the column store_id twice (“store_id” and “Store-ID”)"),
        (["store_id;label"], "no rows below"),
        (["store_id;label", ";", ""], "no rows below"),
        (["store_id;label", '9001;"a', "9002;b"], "A quotation mark in the row of line 2 is never closed"),
        (["store_id;label", "9001;a", f'9002;"{"x" * 140_000}'], "The row of line 3 has a cell of more than"),
        (['"'], "A quotation mark in the row of line 1 is never closed"),
        (["sep=;", ""], "does not name a column store_id or email"),
        ([";;;"], "does not name a column store_id or email"),
        (['"store_id;label', "9001;a"], "A quotation mark in the row of line 1 is never closed"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(lines: list[str], words: str) -> None:
    assert words in refused("\r\n".join(lines).encode())


def test_as_many_rows_as_allowed_and_no_more() -> None:
    rows = [str(9000 + number) for number in range(MOST_ROWS)]

    assert len(table("store_id", *rows).rows) == MOST_ROWS
    assert "has 5,001 rows: at most 5,000" in refused("\n".join(["store_id", *rows, "", "1"]).encode())


def test_5000_rows_with_everything_fit_into_the_largest_file() -> None:
    row = [
        "123456789",
        "",
        "",
        "A label of thirty characters..",
        "secret_" + "x" * 40,
        "STORE_SETTINGS",
        "yes",
        "publish",
    ]
    data = b"".join(csv_chunks(COLUMNS, [row] * MOST_ROWS))

    assert len(data.decode().encode("utf-16")) < MOST_BYTES


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("9001", "This row has 1 cell, and the first line 3 cells"),
        ("9001;a", "This row has 2 cells"),
        ("9001;a;ALL;b", "This row has 4 cells"),
        ("9001;a;ALL;;;b", "This row has 6 cells"),
        ("9001;a;ALL;; ;", ""),
        ("9001;a;", ""),
    ],
)
def test_a_row_of_another_shape_has_a_problem(row: str, problem: str) -> None:
    (found,) = table("store_id;label;scope", row).rows

    assert found.problem.startswith(problem)
    assert bool(found.problem) == bool(problem)


def test_columns_without_a_name_need_no_cells() -> None:
    assert table("store_id;label;;", "9001;a").rows[0].problem == ""


# Cells ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "store_id"),
    [
        ('="007"', "007"),
        ('"=""1234567890123456"""', "1234567890123456"),
        ("'9001", "9001"),
        ('  =" 9001 "  ', "9001"),
        ("\u00a09001 ", "9001"),
    ],
)
def test_an_id_comes_out_of_what_spreadsheets_need_around_it(cell: str, store_id: str) -> None:
    assert column("store_id", table("store_id;label", f"{cell};x")) == [store_id]


HOSTILE = [
    "=1+1", "+49 30", "-x", "@anna", '="007"', '""', "'quoted'", "'68 Bikes", "a;b", "a,b\tc", "ünï", '=cmd|"/c"!A1',
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_of_our_own_exports_comes_back_as_it_was(name: str) -> None:
    data = b"".join(csv_chunks(["store_id", "label"], [[id_cell("9001"), text_cell(name)]]))

    assert column("label", read_csv(data)) == [name]


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30).map(str.strip)


def is_marked(name: str) -> bool:
    """Our exports leave this text as it is, and it looks as if they had marked it: the one that comes back changed."""
    return name.startswith(("'=", "'+", "'-", "'@"))


@given(st.lists(st.tuples(st.from_regex(r"[0-9]{1,19}", fullmatch=True), names.filter(lambda n: not is_marked(n)))))
def test_what_our_exports_write_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    rows.append(("9001", ""))
    cells = ((id_cell(store_id), text_cell(name)) for store_id, name in rows)

    found = read_csv(b"".join(csv_chunks(["store_id", "label"], cells)))

    assert [(row.cells["store_id"], row.cells["label"]) for row in found.rows] == rows


def test_a_token_is_in_no_repr() -> None:
    found = table("store_id;access_token", "9001;secret_1")

    assert found.rows[0].cells["access_token"] == "secret_1"
    assert "secret_1" not in repr(found)


# Names of columns, and files that we write ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "label"), LABELS.items())
def test_a_column_may_be_called_as_the_pages_call_it(name: str, label: str) -> None:
    names = list(dict.fromkeys(["store_id", name]))
    found = table(";".join(label if each == name else each for each in names), ";".join("9" for _ in names))

    assert set(found.used) == set(names)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Shop ID", "store_id"), ("StoreID", "store_id"), ("Store ID (number)", "store_id"), ("Store-Nr.", "store_id"),
        ("Ecwid Store ID:", "store_id"), ("Store ID [Ecwid] *", "store_id"), ("E-Mail", "email"),
        ("Email address", "email"), ("E-Mail-Adresse", "email"), ("Mail", "email"),
    ],
)  # fmt: skip
def test_a_column_may_be_called_as_offices_call_it(name: str, column: str) -> None:
    assert table(f"{name};Kunde", "9001;Anna").used == [column]


@pytest.mark.parametrize("name", ["ID", "Shop", "Kunde", "Order ID", "Store"])
def test_what_may_be_something_else_is_no_column_of_stores(name: str) -> None:
    assert "does not name a column store_id or email" in refused(f"{name};Town\n9001;x\n".encode())


def test_lines_above_the_column_names_are_told_of() -> None:
    data = b"Customers of 2026;;\r\n;;\r\nStore ID;Name;ZIP\r\n9001;Anna;20095\r\n"

    assert refused(data) == (
        "Line 3 names a column store_id or email, and the first line does not: remove what is above it."
    )


def test_two_names_for_one_column_are_both_named() -> None:
    assert "names the column name twice (“Name” and “Store name”)" in refused(b"store_id;Name;Store name\n9001;a;b\n")


def test_the_example_has_every_column_and_no_problem() -> None:
    found = read_csv(example_csv())

    assert (found.used, found.ignored, found.missed) == (list(COLUMNS), [], [])
    assert [row.problem for row in found.rows] == ["", "", ""]


def test_bad_rows_come_with_what_is_wrong_and_without_tokens() -> None:
    cells = dict.fromkeys(COLUMNS, "") | {"store_id": "1.23E+08", "label": "=1+1", "access_token": "secret_1"}

    data = b"".join(bad_rows_csv([(cells, {"store_id": ["No ID."], "scope": ["No scope.", "None."]})]))

    assert b"secret_1" not in data
    (read,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert read["error"] == "store_id: No ID. scope: No scope. None."
    assert (read["store_id"], read["label"]) == ('="1.23E+08"', "'=1+1")
    assert read_csv(data).rows[0].cells == cells | {"access_token": ""}


# Whatever comes -------------------------------------------------------------------------------------------------------


def read_or_refuse(data: bytes) -> list[Row]:
    try:
        found = read_csv(data)
    except UnreadableFileError:
        return []
    assert all(set(row.cells) == set(COLUMNS) for row in found.rows)
    assert [row.line for row in found.rows] == sorted({row.line or 0 for row in found.rows})
    return found.rows


@settings(max_examples=500)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refuse(data)
    read_or_refuse(b"store_id;label\n" + data)


@settings(max_examples=500)
@given(st.text(st.sampled_from("\";,\t\r\n='a1\x1e\x1f\x85\u2028"), max_size=60))
def test_arbitrary_signs_are_read_or_refused(text: str) -> None:
    read_or_refuse(f"store_id;label\n{text}".encode())
    read_or_refuse(f"{text}\nstore_id,label\n9001,a".encode())
