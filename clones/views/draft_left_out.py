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
        counts = {reason: count for reason, count in batch.left_out.items() if count}
        if not counts:
            return None
        draft = Draft.objects.filter(left_out_of=batch).select_related("batch").first()
        reasons = ", ".join(f"{number(count)} {_REASONS[reason]}" for reason, count in counts.items())
        return cls(sum(counts.values()), reasons, draft)
