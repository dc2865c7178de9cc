"""A text of store IDs on a page that launches at once: read and examined as the wizard does, and told in sentences."""

from dataclasses import dataclass
from typing import Final

from clones.choices import CloneScope
from clones.imports import Row, read_pasted, words_between
from clones.models import TemplateStore
from clones.operations.cells import mask_tokens
from clones.operations.errors import InvalidRequestError
from clones.operations.wanted import Examined, Wanted, examine, sealed

MOST_TARGETS: Final = 5_000
MOST_TOLD: Final = 50  # of more it says how many
_MOST_NAMED: Final = 5  # in the count
_LONGEST_NAMED: Final = 40


@dataclass(frozen=True)
class TypedStores:
    """What stands in a text. `words` were passed over."""

    rows: list[Row]
    examined: list[Examined]
    words: list[str]

    @property
    def wanted(self) -> list[Wanted]:
        """Return the stores that can be cloned into, each once."""
        return [found.wanted for found in self.examined if found.wanted and found.wanted.store_id]

    @property
    def wrong(self) -> list[tuple[Row, str]]:
        """Return the rows that are no stores, or may be none, with what is to be said of each."""
        pairs = zip(self.rows, self.examined, strict=True)
        return [(row, said) for row, found in pairs if (said := _said(row, found))]

    @property
    def count(self) -> str:
        """Count them in a sentence; "" where nothing stands there."""
        if not (self.rows or self.words):
            return ""
        twice = sum(1 for found in self.examined if found.duplicate_of is not None)
        parts = [
            _counted(len(self.wanted), "store", "stores"),
            self._wrong_ones(),
            f"{twice:,} named twice and counted once" if twice else "",
            f"{_counted(len(self.words), 'word', 'words')} passed over" if self.words else "",
        ]
        return "; ".join(part for part in parts if part)

    @property
    def complaints(self) -> list[str]:
        """Return a sentence about all that is wrong or doubtful, and one about each."""
        wrong = self.wrong
        if not wrong:
            return []
        are = "is no store ID, or doubtful" if len(wrong) == 1 else "are no store IDs, or doubtful"
        left = len(wrong) - MOST_TOLD
        return [
            f"{len(wrong):,} of {len(self.rows):,} {are}. Remove what is no store; where a number is one, write “Store "
            "ID” before it.",
            *(f"Line {row.line}: {said}" for row, said in wrong[:MOST_TOLD]),
            *([f"And {left:,} more."] if left > 0 else []),
        ]

    def _wrong_ones(self) -> str:
        wrong = self.wrong
        if not wrong:
            return ""
        named = ", ".join(f"“{_short(row)}”" for row, _ in wrong[:_MOST_NAMED])
        more = ", …" if len(wrong) > _MOST_NAMED else ""
        return f"{_counted(len(wrong), 'is no store ID, or doubtful', 'are no store IDs, or doubtful')}: {named}{more}"


def typed_stores(
    text: str,
    template: TemplateStore | None = None,
    scope: CloneScope = CloneScope.ALL,
    *,
    clone_demo_catalog: bool = False,
) -> TypedStores:
    """Read a text; the other arguments are those of `examine`. Raises InvalidRequestError for too many stores."""
    rows = read_pasted(text)
    stores = len({row.cells["store_id"] or row.cells["email"] for row in rows})
    if stores > MOST_TARGETS or len(rows) > 2 * MOST_TARGETS:
        raise InvalidRequestError(f"These are {len(rows):,} stores: start at most {MOST_TARGETS:,} at once.")
    examined = examine([sealed(row) for row in rows], template, scope, clone_demo_catalog=clone_demo_catalog)
    return TypedStores(rows, examined, words_between(text))


def count_of(text: str) -> str:
    """Count the stores in a text in a sentence; "" where nothing stands there."""
    try:
        return typed_stores(text).count
    except InvalidRequestError as error:
        return str(error)


def _said(row: Row, found: Examined) -> str:
    """Return what is wrong with a row, or doubtful about it; nothing of one that repeats another."""
    if found.duplicate_of is not None:
        return ""
    if row.cells["email"] and not row.cells["store_id"]:
        return f"To have a store created for {_short(row)}, prepare a batch in steps. Here, remove it."
    return " ".join(sentence for said in found.errors.values() for sentence in said)


def _short(row: Row) -> str:
    """Return what the row calls its store, without tokens and in short."""
    text = mask_tokens(row.cells["store_id"] or row.cells["email"])
    return text if len(text) <= _LONGEST_NAMED else f"{text[:_LONGEST_NAMED]}…"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
