"""What a launch left out, as the page of its batch tells it."""

from dataclasses import dataclass
from typing import Final

from clones.models import Batch, Draft
from clones.templatetags.portal import number

_REASONS: Final = {"wrong": "with mistakes", "blocked": "that Ecwid would refuse", "busy": "with a clone under way"}


@dataclass(frozen=True)
class LeftOutRows:
    """How many rows were left out, why, and the draft that keeps them; None: it is forgotten by now."""

    count: int
    reasons: str
    draft: Draft | None

    @classmethod
    def of(cls, batch: Batch) -> "LeftOutRows | None":
        """Return what to tell, if anything. A query where there is something."""
        counts = {words: batch.left_out.get(reason, 0) for reason, words in _REASONS.items()}
        if not any(counts.values()):
            return None
        draft = Draft.objects.filter(left_out_of=batch).select_related("batch").first()
        reasons = ", ".join(f"{number(count)} {words}" for words, count in counts.items() if count)
        return cls(sum(counts.values()), reasons, draft)
