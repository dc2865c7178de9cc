"""What the parts of a check hand one another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from clones.engine.check_facts import Known, Told
from clones.engine.errands.desk import Work
from clones.models import DraftTarget, Throttled


@dataclass(frozen=True)
class Checked:
    """What is known of a target and what was told about it; `credential` and `asked_at` where somebody was asked."""

    known: Known
    told: Told
    credential: Throttled | None = None
    asked_at: datetime | None = None


Rows: TypeAlias = Iterable[tuple[DraftTarget, Known]]
# A target with its call, or with the time to which it is put off.
Plan: TypeAlias = tuple[DraftTarget, Work | datetime]


def answered(row: DraftTarget, known: Known, told: Told) -> Plan:
    """Plan a target about which nobody needs to be asked."""
    return row, lambda: Checked(known, told)
