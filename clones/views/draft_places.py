"""Where on a list of a draft's rows one is led back to: the row that was changed, or the one in its place now."""

from dataclasses import dataclass

from django.db.models import QuerySet

from clones.models import DraftTarget

THE_LIST = "#stores"


@dataclass(frozen=True)
class Place:
    """A row's place on a list, taken before the row is changed: it may leave the list by that."""

    listed: QuerySet[DraftTarget]
    order: list[int]

    @classmethod
    def of(cls, row_id: int, listed: QuerySet[DraftTarget]) -> "Place":
        """Remember who stands around it: first itself, then those below, then those above, the nearest first."""
        ids = list(listed.values_list("pk", flat=True))
        here = ids.index(row_id) if row_id in ids else len(ids)
        return cls(listed, [*ids[here:], *reversed(ids[:here])])

    def anchor(self) -> str:
        """Return the first of them that is on the list now, as the end of an address."""
        there = set(self.listed.values_list("pk", flat=True))
        return next((anchor_of(pk) for pk in self.order if pk in there), THE_LIST)


def anchor_of(row_id: int) -> str:
    """Return the end of an address that leads to a row of a list."""
    return f"#row-{row_id}"
