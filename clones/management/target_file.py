"""The file of `manage.py clone --file`: read, examined, and every mistake in it told."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from clones.choices import CloneScope
from clones.imports import MOST_BYTES, Row, Table, UnreadableFileError, read_csv
from clones.management.arguments import bad_arguments
from clones.models import TemplateStore
from clones.operations.wanted import Examined, Wanted, examine, sealed

ONLY_VALID: Final = "--only-valid"

Say = Callable[[str], object]


def read_file(path: Path) -> Table:
    """Return what stands in the file. Raises CommandError."""
    try:
        with path.open("rb") as file:
            return read_csv(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise bad_arguments(f"--file: {path} cannot be read ({error.strerror}).") from None
    except UnreadableFileError as error:
        raise bad_arguments(f"--file: {path}: {error}") from None


def describe_file(path: Path, table: Table) -> Iterable[str]:
    """Say in lines how the file was read."""
    yield f"{path}: {len(table.rows):,} rows, {table.encoding}, delimiter: {table.delimiter}."
    yield f"Columns used: {', '.join(table.used)}."
    if table.ignored:
        yield f"Columns ignored: {', '.join(table.ignored)}."
    if table.missed:
        yield f"Columns missed: {', '.join(table.missed)}."


def targets_in(
    table: Table, template: TemplateStore, scope: CloneScope, *, clone_demo_catalog: bool, say: Say
) -> tuple[list[Wanted], int]:
    """Return the targets that can be launched, and how many rows cannot. Says every mistake and every duplicate."""
    rows = [sealed(row) for row in table.rows]
    examined = examine(rows, template, scope, clone_demo_catalog=clone_demo_catalog)
    for row, found in zip(table.rows, examined, strict=True):
        for line in _complaints(row, found, table.rows):
            say(line)
    wrong = sum(1 for found in examined if found.errors)
    return [found.wanted for found in examined if found.wanted], wrong


def _complaints(row: Row, found: Examined, rows: list[Row]) -> Iterable[str]:
    for column, sentences in found.errors.items():
        yield from (f"line {row.line}, {column}: {sentence}" for sentence in sentences)
    if found.duplicate_of is not None and not found.errors:
        yield f"line {row.line}: left out, since line {rows[found.duplicate_of].line} says the same."


def refuse_mistakes(wanted: list[Wanted], wrong: int, *, only_valid: bool) -> None:
    """Raise CommandError where there are mistakes and nobody chose to go on without them."""
    rows = "1 row has" if wrong == 1 else f"{wrong:,} rows have"
    if not wanted:
        raise bad_arguments(f"Nothing was started: {rows} mistakes, and there is no other.")
    if wrong and not only_valid:
        stores = "the other store" if len(wanted) == 1 else f"the {len(wanted):,} other stores"
        raise bad_arguments(
            f"Nothing was started: {rows} mistakes. Put them right, or launch {stores} with {ONLY_VALID}."
        )
