"""CSV for spreadsheets: UTF-8 with BOM, comma, CRLF; IDs that survive Excel, texts that are never formulas."""

import csv
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from clones.models import EntityMapping

BOM: Final = "\ufeff"
MAPPING_COLUMNS: Final = ("entity_type", "source_id", "target_id", "target_store_id", "job_id")

_FIRST_BYTES: Final = f"{BOM}{','.join(MAPPING_COLUMNS[:3])}".encode()
_EXACT_DIGITS: Final = 15  # a spreadsheet rounds longer numbers
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


class Writable(Protocol):
    """What rows are written to."""

    def write(self, text: str, /) -> object:
        """Take a line."""


def id_cell(value: str) -> str:
    """Return an ID as a cell: bare digits, or `="…"` where a spreadsheet would change it."""
    is_plain = value.isascii() and value.isdigit() and len(value) <= _EXACT_DIGITS and not value.startswith("0")
    return value if is_plain else '="{}"'.format(value.replace('"', '""'))


def text_cell(value: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def mapping_rows(job_ids: Iterable[int]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the mapping of the jobs as cells, in the order of the jobs and of Ecwid's answer."""
    rows = EntityMapping.objects.filter(job__in=list(job_ids)).order_by("job_id", "pk")
    columns = rows.values_list("entity_type", "source_id", "target_id", "job__target__store_id", "job_id")
    for entity_type, source_id, target_id, store_id, job_id in columns.iterator(chunk_size=2000):
        yield text_cell(entity_type), id_cell(source_id), id_cell(target_id), id_cell(store_id), str(job_id)


def write_csv(out: Writable, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a whole CSV file to `out` and return the number of rows below the header."""
    out.write(BOM)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  the last count is the result
        writer.writerow(row)
    return count


def check_writable(path: Path) -> None:
    """Raise OSError where `save_csv` must not or cannot write: it replaces files that it wrote itself, nothing else."""
    if not path.name or path.name == "-":
        raise OSError(errno.EINVAL, "a file name is needed")
    if path.exists() and not _is_ours(path):
        raise OSError(errno.EEXIST, "something else is there")
    draft = _draft(path)
    draft.touch()
    draft.unlink()


def _is_ours(path: Path) -> bool:
    """Tell whether a mapping stands in the file, or nothing at all."""
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        start = file.read(len(_FIRST_BYTES))
    return start in {b"", _FIRST_BYTES}


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def save_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write a CSV file whole or not at all: an older file of that name stays until the new one is complete."""
    draft = _draft(path)
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            count = write_csv(out, columns, rows)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count
