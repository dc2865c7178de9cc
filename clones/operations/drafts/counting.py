"""How far a draft is."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q

from clones.choices import CheckStatus
from clones.models import Draft, DraftTarget

HAS_NO_MISTAKE: Final = Q(errors={})
IS_DOUBTFUL: Final = Q(line=None) & ~Q(problem="")
_COUNTED: Final = ("total", "wrong", "doubtful", "to_create", "the_template")
_WORST_FIRST: Final = (
    CheckStatus.BLOCKED,
    CheckStatus.WARNING,
    CheckStatus.UNCHECKED,
    CheckStatus.WAITING,
    CheckStatus.RUNNING,
    CheckStatus.PASSED,
)


@dataclass(frozen=True)
class Counts:
    """The rows of a draft. `checks` counts those without mistakes by `CheckStatus`.

    `doubtful`: how many of the wrong ones may be no stores, but were pasted along with them. `the_template`: how many
    name the template itself, which is a mistake. `twice`: duplicates that were taken out.
    """

    total: int
    wrong: int
    doubtful: int
    to_create: int
    the_template: int
    twice: int
    checks: dict[str, int]

    @property
    def right(self) -> int:
        """How many can be launched."""
        return self.total - self.wrong

    @property
    def checked(self) -> list[tuple[CheckStatus, int]]:
        """What the check came to so far, the worst first; without what was not asked for."""
        return [(status, self.checks[status]) for status in _WORST_FIRST if self.checks[status]]

    @property
    def blocked(self) -> int:
        """How many Ecwid would refuse."""
        return self.checks[CheckStatus.BLOCKED]

    @property
    def not_asked(self) -> int:
        """How many no check was asked for."""
        return self.checks[CheckStatus.NONE]


def count_rows(draft: Draft) -> Counts:
    """Count the rows of a draft. One query."""
    by_check = {f"check_{status.name}": HAS_NO_MISTAKE & Q(check_status=status) for status in CheckStatus}
    found = DraftTarget.objects.filter(draft=draft).aggregate(
        total=Count("pk"),
        wrong=Count("pk", filter=~HAS_NO_MISTAKE),
        doubtful=Count("pk", filter=IS_DOUBTFUL),
        the_template=Count("pk", filter=Q(store_id=draft.template.store_id) if draft.template else Q(pk=None)),
        to_create=Count("pk", filter=HAS_NO_MISTAKE & Q(store_id="")),
        **{name: Count("pk", filter=those) for name, those in by_check.items()},
    )
    checks = {str(status): found[f"check_{status.name}"] for status in CheckStatus}
    twice = draft.removed.get("count", 0)
    return Counts(checks=checks, twice=twice, **{name: found[name] for name in _COUNTED})
