"""What happens with a clone right now, in a few plain sentences, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format

from clones.choices import AT_ECWID, BlockReason, JobStatus
from clones.models import CloneJob, Connection

MISSED_LOOKS: Final = 2  # in a row: one is nothing to worry about

_SENTENCES: Final = {
    JobStatus.SUBMITTING: "It is being sent to Ecwid right now.",
    JobStatus.QUEUED: "Ecwid has accepted it and will begin by itself.",
    JobStatus.IN_PROGRESS: "Ecwid is copying the store.",
    JobStatus.COMPLETED: "Ecwid has confirmed the copy.",
    JobStatus.CANCELED: "It was canceled before it was sent: the target store was not touched.",
}
_UNANSWERED: Final = (
    "Ecwid's answer to its start was lost, so it may be running there: the portal asks again until it knows, "
    "and never starts it twice."
)
_NO_WORKER: Final = "No worker is running, so nothing moves here until one does; nothing is lost."


@dataclass(frozen=True)
class Situation:
    """How a clone stands at `now`; `has_worker`: whether one is alive."""

    job: CloneJob
    now: datetime
    has_worker: bool

    @property
    def why_not_canceled(job: CloneJob) -> str:
    """Say why an active clone cannot be canceled; "" where it can."""
    if job.can_be_canceled:
        return ""
    if job.status == JobStatus.WAITING:
        return "It cannot be canceled now: it may be running at Ecwid, which has no cancel call."
    return "It cannot be canceled any more: Ecwid has no cancel call."
