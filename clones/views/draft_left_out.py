"""What a launch left out, as the page of its batch tells it."""

from dataclasses import dataclass
from typing import Final

from clones.models import Batch, Draft
from clones.templatetags.portal import number, stores

_REASONS: Final = {"wrong": "with mistakes", "blocked": "that Ecwid would refuse", "busy": "with a clone under way"}


@dataclass(frozen=True)
class LeftOutRows:
    """How many rows were left out, why, and the draft that keeps them; None: it is forgotten by now."""

    count: int
    reasons: list[tuple[str, int]]
    draft: Draft | None

    @classmethod
    def of(cls, batch: Batch) -> "LeftOutRows | None":
        """Return what to tell, if anything. A query where there is something."""
        reasons = [(words, batch.left_out[reason]) for reason, words in _REASONS.items() if batch.left_out.get(reason)]
        if not reasons:
            return None
        draft = Draft.objects.filter(left_out_of=batch).select_related("batch").first()
        return cls(sum(count for _, count in reasons), reasons, draft)

    @property
    def sentence(self) -> str:
        """How many were left out, and why: the number once where there is one reason."""
        were = "was" if self.count == 1 else "were"
        if len(self.reasons) == 1:
            return f"{stores(self.count)} {self.reasons[0][0]} {were} left out."
        reasons = ", ".join(f"{number(count)} {words}" for words, count in self.reasons)
        return f"{stores(self.count)} {were} left out: {reasons}."
