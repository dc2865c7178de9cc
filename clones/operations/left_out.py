"""What an operation on several clones did not touch, and why."""

from dataclasses import dataclass

from clones.models import CloneJob


@dataclass(frozen=True)
class LeftOut:
    """A clone that was left alone; `reason` is one sentence."""

    job: CloneJob
    reason: str
