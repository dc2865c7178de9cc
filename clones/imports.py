"""What people bring along: CSV files of target stores, and pasted lists. Reads and writes text, asks no database.

What a cell may hold is decided by `operations.wanted`, so that a row can be put right in place.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from clones.exports import csv_chunks, id_cell, text_cell

COLUMNS: Final = (
    "store_id", "email", "name", "label", "access_token", "scope", "clone_demo_catalog", "instant_site",
)  # fmt: skip
DELIMITERS: Final = {";": "semicolon", ",": "comma", "\t": "tab"}
MOST_ROWS: Final = 5_000
MOST_BYTES: Final = 2_000_000

_NONE: Final = "\x1f"  # what a file with one column is read with: a sign that stands in no text
_END: Final = "\x1e"
_WRAPPED: Final = re.compile(r'="((?:[^"]|"")*)"')
_MARKED_TEXT: Final = re.compile(r"'[=+\-@\t\r]")
_SEPARATOR_LINE: Final = re.compile(r"sep=([;,\t])\s*", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,;]+")
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SPELLED: Final = {column.replace("_", ""): column for column in COLUMNS}
_EXAMPLE: Final = (
    ("1003", "", "", "Anna's bakery", "", "", "", ""),
    ("1004", "", "", "Bikes & more", "", "CATALOG", "yes", "no"),
    ("", "carla@example.com", "Carla's flowers", "", "", "ALL", "no", "draft"),
)
_AS_CSV: Final = "open it in your spreadsheet, save it as “CSV UTF-8”, and choose that file."


class UnreadableFileError(Exception):
    """The file as a whole cannot be used. The text is one sentence: what is wrong, and what to do."""


@dataclass(frozen=True)
class Row:
    """One row as it was typed: a text for each of COLUMNS. `problem`: what is wrong with its shape, or "".

    `line` is that of the file (or the pasted text) where the row begins. The cells are not in its repr: one is a token.
    """

    line: int | None
    cells: Mapping[str, str] = field(repr=False)
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A file, and how it was read. `missed`: columns that it does not have; `ignored`: its names for unknown ones."""

    encoding: str
    delimiter: str
    used: list[str]
    ignored: list[str]
    missed: list[str]
    rows: list[Row]


def read_csv(data: bytes) -> Table:
    """Read a CSV file with column names in its first line. Raises UnreadableFileError.

    Empty rows are left out; a row with too many or too few cells has a `problem`.
    """
    text, encoding = _decoded(data)
    lines = list(io.StringIO(text, newline=""))
    delimiter = _delimiter(lines)
    records = _records(lines, delimiter)
    _, names = next(records)
    places = _places(names)
    rows = [_row(line, cells, names, places) for line, cells in records]
    if not rows:
        raise UnreadableFileError("The file has column names but no rows below them: add a row for each store.")
    if len(rows) > MOST_ROWS:
        message = f"The file has {len(rows):,} rows: at most {MOST_ROWS:,} go into one launch, so split it."
        raise UnreadableFileError(message)
    return Table(
        encoding=encoding,
        delimiter=DELIMITERS.get(delimiter, "none"),
        used=[column for column in COLUMNS if column in places],
        ignored=list(dict.fromkeys(name.strip() for name in names if name.strip() and not _column(name))),
        missed=[column for column in COLUMNS if column not in places],
        rows=rows,
    )


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: what its first bytes say, else UTF-8, else Windows-1252."""
    if len(data) > MOST_BYTES:
        message = f"The file is larger than {MOST_BYTES // 1_000_000} MB: split it, or leave out columns."
        raise UnreadableFileError(message)
    if data.startswith(_WORKBOOKS):
        raise UnreadableFileError(f"This is a workbook, not a CSV file: {_AS_CSV}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = {"UTF-16": "utf-16"}
    elif data.startswith(b"\xef\xbb\xbf"):
        tries = {"UTF-8": "utf-8-sig"}
    else:
        tries = {"UTF-8": "utf-8", "Windows-1252": "cp1252"}
    for name, codec in tries.items():
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if not text.strip():
            raise UnreadableFileError("The file is empty: it needs column names and a row for each store.")
        return text, name
    raise UnreadableFileError(f"This is not a text file in {' or '.join(tries)}: {_AS_CSV}")


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter by which the first line names most of the known columns."""
    said = _SEPARATOR_LINE.fullmatch(lines[0])
    if said:  # as Excel writes and reads it
        lines[0] = "\n"
        return said[1]
    firsts = {sign: _names(lines, sign) for sign in DELIMITERS}
    best = max(firsts, key=lambda sign: sum(1 for name in firsts[sign] if _column(name)))
    return best if len(firsts[best]) > 1 else _NONE


def _names(lines: list[str], delimiter: str) -> list[str]:
    """Return the cells of the first row."""
    return next((cells for _, cells in _records(lines, delimiter)), [])


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of the line where it begins."""
    reader = csv.reader([*lines, _END], delimiter=delimiter)
    begins = 1
    try:
        for cells in reader:
            if reader.line_num > len(lines) and cells == [_END]:
                return
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:  # a cell that is longer than any text
        pass
    message = f"The quotation mark in the row that begins in line {begins} is never closed: close or remove it."
    raise UnreadableFileError(message)


def _column(name: str) -> str:
    """Return the column that this name stands for, or "". Capitals, spaces, hyphens and underscores do not matter."""
    return _SPELLED.get(re.sub(r"[\s_-]+", "", name).casefold(), "")


def _places(names: list[str]) -> dict[str, int]:
    """Return where each known column stands. Raises UnreadableFileError where no store could be found by them."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = _column(name)
        if column in places:
            message = f"The column {column} stands in the first line twice: remove or rename one of the two."
            raise UnreadableFileError(message)
        if column:
            places[column] = place
    if not {"store_id", "email"} & places.keys():
        message = (
            "The first line does not name a column store_id or email: write the names of the columns into it, as in "
            "the example file."
        )
        raise UnreadableFileError(message)
    return places


def _row(line: int, cells: list[str], names: list[str], places: Mapping[str, int]) -> Row:
    problem = ""
    if len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
        problem = (
            f"This row has {_cells(len(cells))}, and the first line {_cells(len(names))}: look for a delimiter or a "
            "quotation mark that is missing or too many."
        )
    found = {column: cells[place] for column, place in places.items() if place < len(cells)}
    return Row(line, {column: _undone(column, found.get(column, "")) for column in COLUMNS}, problem)


def _cells(number: int) -> str:
    return f"{number:,} cell" if number == 1 else f"{number:,} cells"


def _undone(column: str, cell: str) -> str:
    """Return a cell without what spreadsheets need around it, as `exports` writes it."""
    cell = cell.strip()
    wrapped = _WRAPPED.fullmatch(cell)
    if wrapped:
        return wrapped[1].replace('""', '"').strip()
    if _MARKED_TEXT.match(cell) or (column == "store_id" and cell.startswith("'")):
        return cell[1:].strip()
    return cell


def read_pasted(text: str) -> list[Row]:
    """Return a row for each store ID (or e-mail) in a pasted list: one a line, or with , ; or blanks in between."""
    return [
        Row(line, dict.fromkeys(COLUMNS, "") | {"email" if "@" in word else "store_id": word})
        for line, words in enumerate(text.splitlines(), start=1)
        for word in _BETWEEN.split(words)
        if word
    ]


def example_csv() -> bytes:
    """Return a file that shows every column."""
    return b"".join(csv_chunks(COLUMNS, _EXAMPLE))


def bad_rows_csv(rows: Iterable[tuple[Mapping[str, str], Mapping[str, list[str]]]]) -> Iterator[bytes]:
    """Yield a CSV file of rows (cells by column) and what is wrong with each; tokens are left out."""
    return csv_chunks((*COLUMNS, "error"), (_bad_row(cells, errors) for cells, errors in rows))


def _bad_row(cells: Mapping[str, str], errors: Mapping[str, list[str]]) -> Iterator[str]:
    for column in COLUMNS:
        cell = "" if column == "access_token" else cells.get(column, "")
        yield id_cell(cell) if cell and column == "store_id" else text_cell(cell)
    yield text_cell(" ".join(f"{column}: {' '.join(said)}" for column, said in errors.items()))
