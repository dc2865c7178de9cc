"""The cells of a draft's rows: as inputs with what is wrong with each, and as they come back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from clones.choices import CloneScope, SiteChoice
from clones.imports import COLUMNS
from clones.models import DraftTarget
from clones.operations.drafts.rows import TEXTS, TOKEN, Cells, fingerprint

LABELS: Final = {
    "store_id": "Store ID",
    "email": "E-mail",
    "name": "Store name",
    "label": "Label",
    TOKEN: "Access token",
    "scope": "What is copied",
    "clone_demo_catalog": "Demo products",
    "instant_site": "Instant Site",
}
CHOICES: Final[Mapping[str, list[tuple[str, str]]]] = {
    "scope": [("", "As for the whole batch"), *CloneScope.choices],
    "clone_demo_catalog": [("", "As for the whole batch"), ("yes", "Copied too"), ("no", "Not copied")],
    "instant_site": [
        ("", "Not cloned"),
        *((text, label) for text, label in SiteChoice.choices if text != SiteChoice.NO),
    ],
}
_NAME: Final = re.compile(r"row-([0-9]{1,18})-([a-z_]+)")
_FORGET, _ACCEPT, _SEEN = "forget_token", "accept", "seen"


@dataclass(frozen=True)
class Cell:
    """One cell as an input. `value` is never a token; `is_set`: there is one."""

    prefix: str
    column: str
    value: str
    errors: list[str]
    is_set: bool

    @property
    def name(self) -> str:
        """Of the input."""
        return self.prefix + self.column

    @property
    def label(self) -> str:
        """What stands above the input."""
        return LABELS[self.column]

    @property
    def is_token(self) -> bool:
        """Tell whether what is typed must not be seen."""
        return self.column == TOKEN

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """Return (value, label, chosen) where there is a choice; a text that is none of them stays one of them."""
        choices = CHOICES.get(self.column, [])
        chosen = next((text for text, _ in choices if _plain(text) == _plain(self.value)), None)
        if choices and chosen is None:
            choices = [(self.value, f"“{self.value[:40]}”"), *choices]
            chosen = self.value
        return [(text, label, text == chosen) for text, label in choices]


@dataclass(frozen=True)
class RowForm:
    """A row that is put right: its cells as inputs, whose names begin with `prefix`."""

    row: DraftTarget
    prefix: str
    cells: list[Cell]

    @property
    def forget_name(self) -> str:
        """Name of the box that takes its token away."""
        return self.prefix + _FORGET

    @property
    def accept_name(self) -> str:
        """Name of the box that says that its cells are right although its shape is not."""
        return self.prefix + _ACCEPT

    @property
    def can_accept(self) -> bool:
        """Tell whether that box makes sense: of what was pasted, only where nothing else is in its way."""
        is_alone = list(self.row.errors.values()) == [[self.row.problem]]
        return bool(self.row.problem) and (self.row.line is not None or is_alone)

    @property
    def seen_name(self) -> str:
        """Name of the hidden field that says which cells were seen."""
        return self.prefix + _SEEN

    @property
    def seen(self) -> str:
        """What that field says."""
        return fingerprint(self.row)


def all_cells(row: DraftTarget) -> RowForm:
    """Return the row with all its cells, for a page of its own."""
    return RowForm(row, "", [_cell(row, "", column) for column in COLUMNS])


def needed_cells(row: DraftTarget) -> RowForm:
    """Return the row with the cells that say something or must: there may be many such rows on a page."""
    wanted = {"store_id"} if row.store_id else {"store_id", "email", "name"}
    wanted |= row.errors.keys() | {column for column in COLUMNS if getattr(row, column)}
    prefix = f"row-{row.pk}-"
    return RowForm(row, prefix, [_cell(row, prefix, column) for column in COLUMNS if column in wanted])


def _cell(row: DraftTarget, prefix: str, column: str) -> Cell:
    value = "" if column == TOKEN else getattr(row, column)
    return Cell(prefix, column, value, row.errors.get(column, []), bool(row.access_token))


def typed_cells(posted: QueryDict) -> dict[int, Cells]:
    """Return what was typed, by the row's id."""
    found: dict[int, dict[str, str]] = {}
    for name, text in posted.items():
        match = _NAME.fullmatch(name)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = str(text).replace("\0", "")
    return {pk: cells_of(typed) for pk, typed in found.items()}


def cells_of(typed: Mapping[str, str]) -> Cells:
    """Return one row's cells out of fields that are called as its columns."""
    texts = {column: typed[column] for column in TEXTS if column in typed}
    return Cells(
        texts,
        typed.get(TOKEN, "").strip(),
        forget_token=_FORGET in typed,
        accept=_ACCEPT in typed,
        seen=typed.get(_SEEN, ""),
    )


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()
