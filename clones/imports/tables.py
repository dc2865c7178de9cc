"""Rows of target stores out of a table with column names: a CSV file, or one that was pasted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from clones.imports.texts import DELIMITERS, UnreadableFileError, decoded, delimiter_of, lines_of, records_of

COLUMNS: Final = (
    "store_id", "email", "name", "label", "access_token", "scope", "clone_demo_catalog", "instant_site",
)  # fmt: skip
MOST_ROWS: Final = 5_000

_SPELLED: Final = {
    **{column.replace("_", ""): column for column in COLUMNS},
    # What the pages call them.
    "storename": "name", "whatiscopied": "scope", "demoproducts": "clone_demo_catalog",
    # What offices call them.
    "shopid": "store_id", "storeno": "store_id", "shopno": "store_id", "storenr": "store_id", "shopnr": "store_id",
    "storenumber": "store_id", "shopnumber": "store_id", "ecwidid": "store_id", "ecwidstoreid": "store_id",
    "mail": "email", "emailaddress": "email", "mailaddress": "email", "emailadresse": "email", "mailadresse": "email",
}  # fmt: skip
_REMARK: Final = re.compile(r"\([^)]*\)|\[[^]]*\]|[\W_]")  # such as a unit behind a name
_VALUE: Final = re.compile(r"@|[0-9]{4}")
_ROWS_ABOVE: Final = 10  # in which the column names are looked for, to say where they are
_WRAPPED: Final = re.compile(r'="((?:[^"]|"")*)"')
_MARKED_TEXT: Final = re.compile(r"'[=+\-@\t\r]")


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
    return table_of(lines_of(text), encoding)


def table_of(lines: list[str], encoding: str) -> Table:
    """Read the lines of a table. Raises UnreadableFileError."""
    delimiter = delimiter_of(lines, _column)
    records = records_of(lines, delimiter)
    names = next((cells for _, cells in records), [])
    if not _names_a_store(names):
        raise UnreadableFileError(_nameless(lines))
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


def begins_table(line: str) -> bool:
    """Tell whether a line names columns, one of them of a store, and is no row itself. Raises UnreadableFileError."""
    _, names = next(records_of([line], delimiter_of([line], _column)), (1, []))
    return len(names) > 1 and _names_a_store(names) and not any(_VALUE.search(name) for name in names)


def _column(name: str) -> str:
    """Return the column that this name stands for, or "". Capitals, signs and what is in brackets do not matter."""
    return _SPELLED.get(_REMARK.sub("", name).casefold(), "")


def _names_a_store(names: list[str]) -> bool:
    return any(_column(name) in {"store_id", "email"} for name in names)


def _nameless(lines: list[str]) -> str:
    """Say that the first line names no store, and which line below it does."""
    below = next((number for number, cells in _first_rows(lines) if _names_a_store(cells)), None)
    if below:
        return f"Line {below} names a column store_id or email, and the first line does not: remove what is above it."
    return (
        "The first line does not name a column store_id or email: begin the file with a line of column names, such as "
        "store_id;label."
    )


def _first_rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the first lines by number, taken apart at each delimiter."""
    for number, line in enumerate(lines[:_ROWS_ABOVE], start=1):
        yield from ((number, line.split(sign)) for sign in DELIMITERS)


def _places(names: list[str]) -> dict[str, int]:
    """Return where each known column stands. Raises UnreadableFileError where one stands there twice."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = _column(name)
        if column in places:
            both = " and ".join(f"“{names[each].strip()}”" for each in (places[column], place))
            message = f"The first line names the column {column} twice ({both}): remove or rename one of the two."
            raise UnreadableFileError(message)
        if column:
            places[column] = place
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
    return Row(line, {column: undone(column, found.get(column, "")) for column in COLUMNS}, problem)


def _cells(number: int) -> str:
    return f"{number:,} cell" if number == 1 else f"{number:,} cells"


def undone(column: str, cell: str) -> str:
    """Return a cell without what spreadsheets need around it, as `exports` writes it."""
    cell = cell.strip()
    wrapped = _WRAPPED.fullmatch(cell)
    if wrapped:
        return wrapped[1].replace('""', '"').strip()
    if _MARKED_TEXT.match(cell) or (column == "store_id" and cell.startswith("'")):
        return cell[1:].strip()
    return cell
