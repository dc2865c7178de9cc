"""What people bring along: CSV files of target stores, and pasted lists. Asks no database.

What a cell may hold is decided by `operations.wanted`, so that a row can be put right in place.
"""

from clones.imports.files import bad_rows_csv, example_csv
from clones.imports.pasted import read_pasted, table_in, words_between
from clones.imports.tables import COLUMNS, MOST_ROWS, Row, Table, read_csv
from clones.imports.texts import MOST_BYTES, UnreadableFileError

__all__ = [
    "COLUMNS",
    "MOST_BYTES",
    "MOST_ROWS",
    "Row",
    "Table",
    "UnreadableFileError",
    "bad_rows_csv",
    "example_csv",
    "read_csv",
    "read_pasted",
    "table_in",
    "words_between",
]
