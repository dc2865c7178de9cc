"""A batch that has not shown yet that it works is sent no faster than its answers come in.

Refusals come as fast as requests leave: without this, all clones of a batch would be sent before five have failed, and
nothing would be left to hold. Once Ecwid has accepted one clone of it, nothing slows a batch down.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.db.models import Exists, OuterRef

from clones.choices import JobStatus
from clones.models import Batch, CloneJob

AT_ONCE: Final = 5  # as many as hold a batch when they fail
ACCEPTED: Final = (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)


def rooms(batch_ids: Iterable[int]) -> dict[int, int]:
    """Return for those of the batches that have not shown yet that they work how many more clones may be sent now."""
    accepted = CloneJob.objects.filter(batch=OuterRef("pk"), status__in=ACCEPTED).order_by()
    unproven = list(Batch.objects.filter(~Exists(accepted), pk__in=batch_ids).order_by().values_list("pk", flat=True))
    if not unproven:
        return {}
    in_air = CloneJob.objects.filter(batch__in=unproven, status=JobStatus.SUBMITTING).order_by()
    sent = Counter(in_air.values_list("batch_id", flat=True))
    return {pk: max(0, AT_ONCE - sent[pk]) for pk in unproven}
