"""CSV files that the portal writes about targets: an example, and rows that are wrong."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clones.exports import csv_chunks, id_cell, text_cell
from clones.imports.tables import COLUMNS

_EXAMPLE: Final = (
    ("1003", "", "", "Anna's bakery", "", "", "", ""),
    ("1004", "", "", "Bikes & more", "", "CATALOG", "yes", "no"),
    ("", "carla@example.com", "Carla's flowers", "", "", "ALL", "no", "draft"),
)


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
