"""A batch is sent no faster than it shows that it works, and neither are its stores asked for.

Refusals come as fast as requests leave: without this, all clones of a batch would be sent before five have failed, and
nothing would be left to hold. So as many may be without an answer as hold a batch when they fail, and one more for each
that Ecwid has accepted: a batch that works is soon as fast as the connection.

A lost answer is none. Each is a result that may be lost too, so that while all of them get lost no further clone is
sent; but for ten minutes only, since five stores that never answer must not hold up the hundreds behind them for a day.
What repeats a lost answer is sent in any case.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from clones.choices import CreationStatus, JobStatus
from clones.engine.budget import CLOCKS_AGREE_TO
from clones.models import CloneJob, StoreCreation

AT_ONCE: Final = 5
LOST_COUNTS_FOR: Final = timedelta(minutes=10)
ACCEPTED: Final = (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)

_BATCH_OF_CREATION: Final = "target__jobs__batch"


def rooms(batch_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Return how many more clones of each of the batches may be sent, however few of them are due just now."""
    jobs = CloneJob.objects.filter(batch__in=batch_ids)
    unanswered = Q(status=JobStatus.SUBMITTING) | _lost_lately(now)
    return _rooms(batch_ids, jobs, "batch", accepted=Q(status__in=ACCEPTED), unanswered=unanswered)


def without_hasty(due: QuerySet[StoreCreation], now: datetime) -> QuerySet[StoreCreation]:
    """Leave out of `due` the stores that their batches must not ask for yet."""
    waiting = due.filter(status=CreationStatus.WAITING).order_by()
    clones = CloneJob.objects.active().order_by()
    wanted = clones.filter(target__creations__in=waiting).values_list("batch")
    counts: dict[int, int] = dict(wanted.annotate(count=Count("pk")))
    room = _rooms_for_creations(counts, now)
    hasty = [batch for batch, count in counts.items() if count > room[batch]]
    if not hasty:
        return due
    go = list[int]()
    for batch in hasty:
        targets = clones.filter(batch=batch).values("target")
        go += due.filter(status=CreationStatus.WAITING, target__in=targets).values_list("pk", flat=True)[
            : max(0, room[batch])
        ]
    in_hasty = Exists(clones.filter(batch__in=hasty, target=OuterRef("target")))
    return due.filter(~Q(status=CreationStatus.WAITING) | ~in_hasty | Q(pk__in=go))


def _rooms_for_creations(batch_ids: Collection[int], now: datetime) -> dict[int, int]:
    creations = StoreCreation.objects.filter(**{f"{_BATCH_OF_CREATION}__in": batch_ids})
    unanswered = Q(status=CreationStatus.CREATING) | _lost_lately(now)
    accepted = Q(status=CreationStatus.CREATED)
    return _rooms(batch_ids, creations, _BATCH_OF_CREATION, accepted=accepted, unanswered=unanswered)


def _lost_lately(now: datetime) -> Q:
    # A time so far ahead was written by a wrong clock, and would count until that time has come.
    return Q(unanswered_since__gt=now - LOST_COUNTS_FOR, unanswered_since__lt=now + CLOCKS_AGREE_TO)


def _rooms(
    batch_ids: Collection[int],
    rows: QuerySet[CloneJob] | QuerySet[StoreCreation],
    batch: str,
    *,
    accepted: Q,
    unanswered: Q,
) -> dict[int, int]:
    sent = rows.filter(accepted | unanswered).order_by().values_list(batch)
    counts = sent.annotate(
        accepted=Count("pk", filter=accepted, distinct=True), unanswered=Count("pk", filter=unanswered, distinct=True)
    )
    return dict.fromkeys(batch_ids, AT_ONCE) | {pk: AT_ONCE + more - less for pk, more, less in counts}
