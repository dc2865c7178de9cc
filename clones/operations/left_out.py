"""What an operation on several clones did not touch, and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from clones.models import CloneJob


@dataclass(frozen=True)
class LeftOut:
    """A clone that was left alone; `reason` is one sentence."""

    job: CloneJob
    reason: str


def by_reason(left_out: Iterable[LeftOut]) -> list[tuple[str, int]]:
    """Count them by their sentence, the most frequent first."""
    return Counter(each.reason for each in left_out).most_common()
