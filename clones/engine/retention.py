"""Throwing away batches that are older than RETENTION_DAYS, with their clones and all that hangs on these.

A batch is marked first, together with what it retries and what retries it, and no page shows it any more. Then it is
deleted in small portions, each a transaction, so that nobody waits for long and a kill costs nothing. Stores, and how
they were created, stay: they keep the portal from doing a thing twice (docs/decisions/0014-retention.md).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError, QuerySet

from clones.choices import MailStatus
from clones.engine import mark
from clones.engine.database import AWAY, met_a_lock
from clones.models import Batch, BatchMail, CloneEvent, CloneJob, Draft, EntityMapping, SiteClone, StoreCreation

logger = logging.getLogger(__name__)

# What one turn takes at most; a worker that is busy takes one each second.
BATCHES: Final = 5
JOBS: Final = 100
ROWS: Final = 5_000
GRACE: Final = timedelta(minutes=10)  # from its mark to its first deletion: downloads that have begun end meanwhile

_HangingOnJobs: TypeAlias = type[EntityMapping] | type[CloneEvent]
_HANGING_ON_JOBS: Final[tuple[_HangingOnJobs, ...]] = (EntityMapping, CloneEvent)  # one job may have thousands


def kept_until(batch: Batch) -> datetime | None:
    """Return until when the batch is kept at least; None: for good, or it has not ended."""
    if batch.ended_at is None or not settings.RETENTION_DAYS:
        return None
    return batch.ended_at + timedelta(days=settings.RETENTION_DAYS)


class Retention:
    """How far one process has come in its round through the old batches."""

    def __init__(self) -> None:
        self._reached = 0

    def take_turn(self, now: datetime) -> bool:
        """Mark and delete a portion; tell whether there is more to do soon."""
        try:
            goes_on = self._mark_next(now) if settings.RETENTION_DAYS else False
            return _delete_next(now) or goes_on
        except AWAY as error:
            if not met_a_lock(error):
                raise
            return True
        except Exception:
            logger.exception("Old batches could not be thrown away")
            return False

    def _mark_next(self, now: datetime) -> bool:
        """Mark the next few batches that are old enough, where they may go; tell whether there are more to look at."""
        before = now - timedelta(days=settings.RETENTION_DAYS)
        old = Batch.objects.kept().filter(ended_at__lt=before, pk__gt=self._reached).order_by("pk")
        found = list(old.values_list("pk", flat=True)[:BATCHES])
        self._reached = found[-1] if len(found) == BATCHES else 0
        marked = [pk for batch_id in found for pk in _mark(batch_id, before, now)]
        if marked:
            clones = CloneJob.objects.filter(batch__in=marked).count()
            batches = ", ".join(map(str, marked))
            logger.info(
                "Throwing away what ended more than %s days ago: batches %s, clones: %s.",
                settings.RETENTION_DAYS,
                batches,
                clones,
            )
        return self._reached > 0


def _mark(batch_id: int, before: datetime, now: datetime) -> list[int]:
    """Mark the batch and its family where all of it may go; return their ids."""
    family = _family(batch_id)
    if not _may_go(family, before):  # some stay for long: no lock, for which SQLite lets nobody write
        return []
    with transaction.atomic():
        rows = Batch.objects.kept().filter(pk__in=family).order_by("pk").select_for_update(skip_locked=True)
        locked = {batch.pk for batch in rows}  # not those of which somebody retries something just now
        if locked != family or _family(batch_id) != family or not _may_go(family, before):
            return []
        Batch.objects.filter(pk__in=family).update(thrown_away_since=now)
    return sorted(family)


def _family(batch_id: int) -> set[int]:
    """Return the batch with all that it retries and all that retry it, directly or not."""
    found, new = set[int](), {batch_id}
    while new:
        found |= new
        new = _relatives(new) - found
    return found


def _relatives(batch_ids: set[int]) -> set[int]:
    jobs, batches = CloneJob.objects.order_by(), Batch.objects.order_by()
    found = (
        jobs.filter(batch__in=batch_ids).values_list("retry_of__batch", flat=True).distinct(),
        jobs.filter(retry_of__batch__in=batch_ids).values_list("batch", flat=True).distinct(),
        batches.filter(pk__in=batch_ids).values_list("retry_of", flat=True),
        batches.filter(retry_of__in=batch_ids).values_list("pk", flat=True),
    )
    return {pk for each in found for pk in each if pk is not None}


def _may_go(batch_ids: set[int], before: datetime) -> bool:
    """Tell whether all of the batches ended before then, with every step, and nothing needs a row of theirs."""
    batches = Batch.objects.filter(pk__in=batch_ids).order_by()
    jobs = CloneJob.objects.filter(batch__in=batch_ids).order_by()
    sites = SiteClone.objects.filter(job__in=jobs).order_by()
    stores = StoreCreation.objects.filter(target__in=jobs.values("target"), finished_at=None)
    mails = BatchMail.objects.filter(batch__in=batch_ids, state__in=(MailStatus.WAITING, MailStatus.SENDING))
    goes_on = (rows.exclude(finished_at__lt=before).exists() for rows in (jobs, sites))
    is_open = batches.exclude(ended_at__lt=before).exists() or any(goes_on) or stores.exists() or mails.exists()
    return not (is_open or batch_ids & mark.batches_to_keep())


def _delete_next(now: datetime) -> bool:
    """Delete a portion of what is marked; tell whether there is more to delete soon."""
    marked = Batch.objects.filter(thrown_away_since__isnull=False)
    # By the time first, for its index; a family shares it, and what retries is younger.
    marked = marked.order_by("thrown_away_since", "-pk")
    soon = False
    for batch in marked[:BATCHES]:
        if batch.thrown_away_since is None or batch.thrown_away_since > now - GRACE:
            soon = True
        elif _delete(batch.pk, now):
            soon = True
            if Batch.objects.filter(pk=batch.pk).exists():
                break
    return soon


def _delete(batch_id: int, now: datetime) -> bool:
    """Delete a portion of a marked batch in one transaction; tell whether anything could be deleted."""
    try:
        with transaction.atomic():
            marked = Batch.objects.filter(pk=batch_id, thrown_away_since__isnull=False)
            batch = marked.select_for_update(skip_locked=True).first()
            if batch is None or not _may_go({batch_id}, now):
                return False
            _delete_jobs(batch)
            if not batch.jobs.exists():
                # Without its batch a draft that was launched would look as if it were to be.
                Draft.objects.filter(batch=batch).delete()
                batch.delete()
    except ProtectedError:  # a younger one that retries it is not gone yet
        return False
    return True


def _delete_jobs(batch: Batch) -> None:
    """Delete the last few jobs of the batch, and first what hangs on them: perhaps more than one portion."""
    last = batch.jobs.order_by("-pk").select_for_update(skip_locked=True)
    jobs = list(last.values_list("pk", flat=True)[:JOBS])
    room = ROWS
    for model in _HANGING_ON_JOBS:
        room -= _delete_rows(model, jobs, room)
    if room > 0:
        CloneJob.objects.filter(pk__in=jobs).delete()


def _delete_rows(model: _HangingOnJobs, jobs: Sequence[int], most: int) -> int:
    """Delete rows of these jobs, so many at most, and return how many."""
    rows: QuerySet[EntityMapping | CloneEvent] = QuerySet(model)
    # In the order of an index that begins with the job: PostgreSQL would rather read the table from its beginning.
    some = rows.filter(job__in=jobs).order_by("job_id")[:most]
    deleted, _ = rows.filter(pk__in=some.values("pk")).delete()
    return deleted
