"""A batch is sent no faster than it shows that it works.

Refusals come as fast as requests leave: without this, all clones of a batch would be sent before five have failed, and
nothing would be left to hold. So as many may be without an answer as hold a batch when they fail, and one more for each
that Ecwid has accepted: a batch that works is soon as fast as the connection.
"""

from collections.abc import Iterable
from typing import Final

from django.db.models import Count, Q

from clones.choices import JobStatus
from clones.models import CloneJob

AT_ONCE: Final = 5
ACCEPTED: Final = (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)


def rooms(batch_ids: Iterable[int]) -> dict[int, int]:
    """Return for those of the batches of which something was sent how many more may be; AT_ONCE of the others."""
    sent = CloneJob.objects.filter(batch__in=list(batch_ids), status__in=(JobStatus.SUBMITTING, *ACCEPTED)).order_by()
    submitting = Count("pk", filter=Q(status=JobStatus.SUBMITTING))
    counts = sent.values_list("batch").annotate(every=Count("pk"), in_air=submitting)
    return {batch: AT_ONCE + (every - in_air) - in_air for batch, every, in_air in counts}
