"""The rows of a draft: adding, changing and removing them. Each change looks at all of them again."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import F, Max, QuerySet

from clones.choices import CheckStatus, CloneScope
from clones.imports import COLUMNS, MOST_ROWS, Row, Table
from clones.models import Draft, DraftTarget
from clones.operations.cells import mask_tokens
from clones.operations.drafts.changing import changing
from clones.operations.errors import InvalidRequestError
from clones.operations.wanted import examine, sealed
from clones.secrets import Secret

TOKEN: Final = "access_token"  # noqa: S105  the name of a column
TEXTS: Final = tuple(column for column in COLUMNS if column != TOKEN)
MOST_DUPLICATES_NAMED: Final = 100


@dataclass(frozen=True)
class Cells:
    """A row as somebody put it right. An empty token keeps the one that is set, `forget_token` removes it.

    `accept`: its cells are right, although its shape in the file was not. `seen`: the `fingerprint` of the row that the
    person saw; "": whatever it was.
    """

    texts: Mapping[str, str]
    token: str = ""
    forget_token: bool = False
    accept: bool = False
    seen: str = ""


def fingerprint(row: DraftTarget) -> str:
    """Return what a row is known by as long as nobody changes its cells: of two people, the second must not undo it."""
    facts = [row.access_token.ciphertext, row.problem, *(getattr(row, column) for column in TEXTS)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def add_rows(
    draft: Draft, user: User, rows: Collection[Row], *, source: Mapping[str, Any] | None = None, replace: bool = False
) -> int:
    """Add rows behind those that are there, or in their place; return how many were duplicates.

    `source`: how their file was read. All or nothing: raises InvalidRequestError where they are too many.
    """
    with changing(draft, user) as now:
        if replace:
            _empty(now)
        if now.targets.count() + len(rows) > MOST_ROWS:
            message = (
                f"At most {MOST_ROWS:,} stores go into one batch: nothing was added. Make several batches of them."
            )
            raise InvalidRequestError(message)
        if source is not None:
            now.source = dict(source)
        store_rows(now, rows)
        return revalidate(now)


def source_of(name: str, table: Table) -> dict[str, Any]:
    """Return how the file of that name was read, for `Draft.source`: for the page, and whoever comes later."""
    return {
        "file": mask_tokens(name)[:200],
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "used": table.used,
        "ignored": [mask_tokens(column)[:100] for column in table.ignored[:50]],
        "missed": table.missed,
        "rows": len(table.rows),
    }


def change_rows(draft: Draft, user: User, changes: Mapping[int, Cells]) -> int:
    """Write these rows (by id) anew. Those that are gone meanwhile are passed over.

    Those that are not as they were seen stay as they are; returns how many of them would have changed.
    """
    with changing(draft, user) as now:
        found = list(now.targets.filter(pk__in=changes))
        stale = {row.pk for row in found if changes[row.pk].seen not in ("", fingerprint(row))}
        wanted = [row for row in found if _write(row, changes[row.pk])]
        rows = [row for row in wanted if row.pk not in stale]
        DraftTarget.objects.bulk_update(rows, [*TEXTS, TOKEN, "problem"], batch_size=500)
        forget_checks(now.targets.filter(pk__in=[row.pk for row in rows]))
        revalidate(now)
        return len(wanted) - len(rows)


def remove_rows(draft: Draft, user: User, ids: Collection[int]) -> None:
    """Take rows out."""
    with changing(draft, user) as now:
        now.targets.filter(pk__in=ids).delete()
        revalidate(now)


def remove_all(draft: Draft, user: User) -> None:
    """Take all rows out."""
    with changing(draft, user) as now:
        _empty(now)


def revalidate(draft: Draft) -> int:
    """Look at all rows again: write down what is wrong with each, take duplicates out, return how many they were.

    The draft is locked, and stored by the caller.
    """
    rows = list(draft.targets.all())
    found = examine(rows, draft.template, CloneScope(draft.scope), clone_demo_catalog=draft.clone_demo_catalog)
    twice = [row for row, one in zip(rows, found, strict=True) if one.duplicate_of is not None]
    changed = []
    for row, one in zip(rows, found, strict=True):
        errors = {column: list(said) for column, said in one.errors.items()}
        if errors != row.errors and one.duplicate_of is None:
            row.errors = errors
            changed.append(row)
    DraftTarget.objects.bulk_update(changed, ["errors"], batch_size=500)
    forget_checks(draft.targets.filter(pk__in=[row.pk for row in changed]).exclude(check_status=CheckStatus.NONE))
    draft.targets.filter(pk__in=[row.pk for row in twice]).delete()
    _note_duplicates(draft, twice)
    return len(twice)


def forget_checks(rows: QuerySet[DraftTarget]) -> None:
    """Make checks void, also one that runs: its lease is gone, so that its answer finds nobody."""
    rows.update(
        check_status=CheckStatus.NONE,
        findings=[],
        checked_at=None,
        next_action_at=None,
        lease_token="",
        leased_until=None,
        leased_by=None,
        tries=0,
        version=F("version") + 1,
    )


def row_of(**cells: str) -> Row:
    """Return a row that comes out of no file, with these cells."""
    return Row(None, dict.fromkeys(COLUMNS, "") | cells)


def store_rows(draft: Draft, rows: Iterable[Row]) -> None:
    """Store rows behind those that are there, their tokens sealed, without looking at them."""
    last = draft.targets.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    fresh = [_stored(draft, position, row) for position, row in enumerate(rows, first)]
    DraftTarget.objects.bulk_create(fresh, batch_size=500)


def _stored(draft: Draft, position: int, row: Row) -> DraftTarget:
    target = sealed(row)
    target.draft = draft
    target.position = position
    return target


def _write(row: DraftTarget, cells: Cells) -> bool:
    """Put what was typed into a row, of a token in another cell only a mark; False: nothing of it is new."""
    texts = {column: mask_tokens(cells.texts.get(column, getattr(row, column)).strip()) for column in TEXTS}
    before = {column: getattr(row, column) for column in TEXTS}
    if texts == before and not (
        cells.token or (cells.forget_token and row.access_token) or (cells.accept and row.problem)
    ):
        return False
    for column, text in texts.items():
        setattr(row, column, text)
    if cells.token:
        row.access_token = Secret.seal(cells.token)
    elif cells.forget_token:
        row.access_token = Secret()
    row.problem = ""  # a person saw to the whole of it
    return True


def _empty(draft: Draft) -> None:
    draft.targets.all().delete()
    draft.source = {}
    draft.removed = {}


def _note_duplicates(draft: Draft, rows: list[DraftTarget]) -> None:
    if rows:
        named = draft.removed.get("duplicates", []) + [[str(row), row.line] for row in rows]
        count = draft.removed.get("count", 0) + len(rows)
        draft.removed = {"duplicates": named[:MOST_DUPLICATES_NAMED], "count": count}
