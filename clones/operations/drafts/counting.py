"""How far a draft is."""

from dataclasses import dataclass

from django.db.models import Count, Q

from clones.choices import CheckStatus
from clones.models import Draft, DraftTarget

HAS_NO_MISTAKE = Q(errors={})


@dataclass(frozen=True)
class Counts:
    """The rows of a draft. `checks` counts those without mistakes by `CheckStatus`."""

    total: int
    wrong: int
    to_create: int
    checks: dict[str, int]

    @property
    def right(self) -> int:
        """How many can be launched."""
        return self.total - self.wrong


def count_rows(draft: Draft) -> Counts:
    """Count the rows of a draft. One query."""
    by_check = {f"check_{status.name}": HAS_NO_MISTAKE & Q(check_status=status) for status in CheckStatus}
    found = DraftTarget.objects.filter(draft=draft).aggregate(
        total=Count("pk"),
        wrong=Count("pk", filter=~HAS_NO_MISTAKE),
        to_create=Count("pk", filter=HAS_NO_MISTAKE & Q(store_id="")),
        **{name: Count("pk", filter=those) for name, those in by_check.items()},
    )
    checks = {str(status): found[f"check_{status.name}"] for status in CheckStatus}
    return Counts(found["total"], found["wrong"], found["to_create"], checks)
