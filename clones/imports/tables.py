"""Rows of target stores: out of a CSV file, or a pasted list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clones.imports.texts import DELIMITERS, UnreadableFileError, decoded, delimiter_of, lines_of, records_of

COLUMNS: Final = (
    "store_id", "email", "name", "label", "access_token", "scope", "clone_demo_catalog", "instant_site",
)  # fmt: skip
MOST_ROWS: Final = 5_000

_SPELLED: Final = {column.replace("_", ""): column for column in COLUMNS} | {
    "storename": "name", "whatiscopied": "scope", "demoproducts": "clone_demo_catalog",
}  # fmt: skip  # what the pages call them
_WRAPPED: Final = re.compile(r'="((?:[^"]|"")*)"')
_MARKED_TEXT: Final = re.compile(r"'[=+\-@\t\r]")
_BETWEEN: Final = re.compile(r"[\s,;]+")
_AROUND: Final = "()[]{}<>\"'“”„«»*#:.!?"  # what a sentence has around a store
_STORE: Final = re.compile(r"[0-9@]")


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
    text, encoding = decoded(data)
    lines = lines_of(text)
    delimiter = delimiter_of(lines, _column)
    records = records_of(lines, delimiter)
    names = next((cells for _, cells in records), [])
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


def _column(name: str) -> str:
    """Return the column that this name stands for, or "". Capitals, spaces, hyphens and underscores do not matter."""
    return _SPELLED.get(re.sub(r"[\s_-]+", "", name).casefold(), "")


def _places(names: list[str]) -> dict[str, int]:
    """Return where each known column stands. Raises UnreadableFileError where no store could be found by them."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = _column(name)
        if column in places:
            both = " and ".join(f"“{names[each].strip()}”" for each in (places[column], place))
            message = f"The first line names the column {column} twice ({both}): remove or rename one of the two."
            raise UnreadableFileError(message)
        if column:
            places[column] = place
    if not {"store_id", "email"} & places.keys():
        message = (
            "The first line does not name a column store_id or email: begin the file with a line of column names, such "
            "as store_id;label."
        )
        raise UnreadableFileError(message)
    return places


def _row(line: int, cells: list[str], names: list[str], places: Mapping[str, int]) -> Row:
    problem = ""
    needed = max(place for place, name in enumerate(names, start=1) if name.strip())
    if len(cells) < needed or any(cell.strip() for cell in cells[len(names) :]):
        problem = (
            f"This row has {_cells(len(cells))}, and the first line {_cells(needed)}: look for a delimiter or a "
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
    """Return a row for each store ID (or e-mail) in a pasted text: one a line, or with , ; or blanks in between.

    Words without a digit are no stores: `words_between` returns them.
    """
    return [
        Row(line, dict.fromkeys(COLUMNS, "") | {"email" if "@" in word else "store_id": word})
        for line, words in enumerate(text.splitlines(), start=1)
        for word in _words(words)
        if _STORE.search(word)
    ]


def words_between(text: str) -> list[str]:
    """Return what `read_pasted` passes over, such as the words of an e-mail in which the stores stand."""
    return [word for word in _words(text) if not _STORE.search(word)]


def _words(text: str) -> list[str]:
    words = (_undone("store_id", word).strip(_AROUND) for word in _BETWEEN.split(text))
    return [word for word in words if word]
