"""What becomes of a batch as a whole: the rest follows its canary, or is held, and in the end it has ended.

All of it is decided from the rows alone, so that a review may come late, twice, or from several workers at once.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Final, TypeAlias

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from clones.choices import SITE_MOVES, HoldReason, JobStatus, SiteStatus
from clones.engine import caution, outbox
from clones.engine.database import AWAY, met_a_lock
from clones.engine.holds import (
    canary_of,
    hold_back,
    is_worth_holding,
    jobs_that_can_be_held,
    jobs_that_move,
    lift_where_nothing_waits,
    release,
)
from clones.lifecycle import Change, advance_many
from clones.models import Batch, CloneJob, SiteClone

logger = logging.getLogger(__name__)

IN_A_ROW: Final = caution.AT_ONCE
TURNS: Final = 20  # until all open batches were reviewed; a tick has about thirty
LATELY: Final = timedelta(seconds=5)  # longer than between two reviews, and than a transaction takes

HELD_NOTE: Final = "The batch is held: what waits of it is sent when a person says so."

Step: TypeAlias = Callable[[Batch, datetime], None]  # what is to be done with a batch, whose row is locked


class Reviews:
    """Which batches one tick reviews when: it takes a turn about every second."""

    def __init__(self) -> None:
        self._left: list[int] = []  # of the present round through all that have not ended
        self._portion = 0

    def take_turn(self, now: datetime) -> None:
        """Review what may have come to something since the last turn, and a portion of all the others."""
        if not self._left:
            self._left = list(_open().values_list("pk", flat=True))
            self._portion = ceil(len(self._left) / TURNS)
        portion, self._left = self._left[: self._portion], self._left[self._portion :]
        review({*of_interest(now), *portion}, now)


def of_interest(now: datetime) -> list[int]:
    """Return the batches with clones that ended lately, with nothing that moves, or with a canary out. Two queries.

    Also those that were held a moment ago: rows that a worker had in hand just then are held back now.
    """
    # By the time alone: SQLite would rather walk through all clones of all open batches.
    lately = set(CloneJob.objects.filter(finished_at__gte=now - LATELY).order_by().values_list("batch_id", flat=True))
    canary_is_out = Q(canary=True, released_at=None, held_since=None)
    held_lately = Q(held_since__gte=now - LATELY)
    wanted = Q(pk__in=lately) | canary_is_out | held_lately | ~Exists(jobs_that_move(OuterRef("pk")))
    return list(_open().filter(wanted).values_list("pk", flat=True))


def _open() -> QuerySet[Batch]:
    return Batch.objects.filter(ended_at=None).order_by("pk")


def review(batch_ids: Iterable[int], now: datetime) -> None:
    """Do what is to be done with those of the batches that have not ended; each in a short transaction of its own.

    One that somebody holds, or that breaks, is left for the next time.
    """
    for batch in _open().filter(pk__in=list(batch_ids)):
        try:
            if _wanted(batch):
                _carry_out(batch.pk, now)
        except AWAY as error:
            if not met_a_lock(error):
                raise
        except Exception:
            logger.exception("Batch %s could not be reviewed", batch.pk)


def _carry_out(batch_id: int, now: datetime) -> None:
    """Lock the batch, look again, and do it."""
    with transaction.atomic():
        batch = _open().select_for_update(no_key=True, skip_locked=True).filter(pk=batch_id).first()
        step = _wanted(batch) if batch else None
        if batch and step:
            step(batch, now)


def _wanted(batch: Batch) -> Step | None:
    """Tell what is to be done; None: nothing, as nearly always."""
    if not jobs_that_move(batch).exists() and not _sites_that_move(batch).exists():
        return _end
    if batch.held_since is not None:
        return _keep_held
    if batch.canary and batch.released_at is None:
        return _after_canary(batch)
    failed = _last_of_same_failures(batch)
    return partial(_hold, HoldReason.SAME_FAILURES, failed) if failed and is_worth_holding(batch) else None


def _sites_that_move(batch: Batch) -> QuerySet[SiteClone]:
    due = Q(status=SiteStatus.CLONING) | Q(status=SiteStatus.WAITING, job__status=JobStatus.COMPLETED)
    return SiteClone.objects.filter(due, finished_at=None, job__batch=batch)


def _after_canary(batch: Batch) -> Step | None:
    """Release the rest where the first clone ended well, its site too; hold it where it did not, or needs a person."""
    job = canary_of(batch)
    if job.is_completed:
        site = SiteStatus(job.site.status) if hasattr(job, "site") else SiteStatus.DONE
        ended_well, goes_on = site == SiteStatus.DONE, site in SITE_MOVES
    else:
        ended_well, goes_on = False, jobs_that_move(batch).filter(pk=job.pk).exists()
    if ended_well:
        return _release
    return None if goes_on or not is_worth_holding(batch) else partial(_hold, HoldReason.CANARY, job)


def _last_of_same_failures(batch: Batch) -> CloneJob | None:
    """Return the last one of at least five clones that failed in a row for one reason, since a person looked."""
    ended = CloneJob.objects.filter(batch=batch)
    if batch.continued_at:
        ended = ended.filter(finished_at__gt=batch.continued_at)
    # Sorted here: asked for the last five, PostgreSQL may walk through all clones there ever were.
    columns = ("finished_at", "pk", "failure_kind", "error_code")
    failed = sorted(ended.filter(status=JobStatus.FAILED).order_by().values_list(*columns))[-IN_A_ROW:]
    if len(failed) < IN_A_ROW or len({(kind, code) for _, _, kind, code in failed}) > 1:
        return None
    since, first, *_ = failed[0]
    later = Q(finished_at__gt=since) | Q(finished_at=since, pk__gt=first)
    is_interrupted = ended.filter(later, status=JobStatus.COMPLETED).exists()
    return None if is_interrupted else CloneJob.objects.get(pk=failed[-1][1])


def _hold(reason: HoldReason, job: CloneJob, batch: Batch, now: datetime) -> None:
    batch.held_since, batch.hold_reason = now, reason
    batch.save(update_fields=["held_since", "hold_reason"])
    hold_back(batch)
    advance_many([Change(job, JobStatus(job.status), note=f"{reason.label}. {HELD_NOTE}")], at=now)
    waiting = jobs_that_can_be_held(batch).count()
    logger.warning(
        "Batch %s is held until somebody decides: %s. Clones that wait: %s.", batch.pk, reason.label, waiting
    )


def _keep_held(batch: Batch, _now: datetime) -> None:
    """Hold back also what came back unsent since; a hold of nothing is over."""
    hold_back(batch)
    lift_where_nothing_waits(batch)


def _release(batch: Batch, now: datetime) -> None:
    batch.released_at = now
    batch.save(update_fields=["released_at"])
    logger.info("Batch %s: the first clone ended well, %s more follow.", batch.pk, release(batch, now))


def _end(batch: Batch, now: datetime) -> None:
    batch.ended_at, batch.held_since, batch.hold_reason = now, None, ""
    batch.save(update_fields=["ended_at", "held_since", "hold_reason"])
    outbox.enqueue(batch, now)
