"""Which jobs this tick works on: leases, taken together with the requests they will cost."""

import logging
import uuid
from collections.abc import Collection
from copy import copy
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Min, OuterRef, QuerySet, Subquery, prefetch_related_objects

from clones.choices import BlockReason, JobStatus
from clones.engine import budget, neighbours, submit
from clones.engine.agenda import Agenda
from clones.engine.history import Outlooks
from clones.models import CloneJob, Connection

logger = logging.getLogger(__name__)

RENEWED_AFTER: Final = timedelta(seconds=0.5)


def connections_with_work(now: datetime) -> list[Connection]:
    """Return the connections that have due jobs and are not stopped, as they are now."""
    return list(Connection.objects.open(now).annotate(next_due_at=_next_due_at()).filter(next_due_at__lte=now))


def lease_due(
    connection_id: int, worker_id: int, room: int, now: datetime, agenda: Agenda | None = None
) -> list[CloneJob]:
    """Lease at most `room` due jobs of one connection, as far as its budget goes, in one transaction.

    Which ones, where not all can be had, the `agenda` of this tick says.

    Jobs that wait for their POST are SUBMITTING afterwards (`submit.write_ahead`). The rows are returned as they were
    read, with their connection (for a POST also with template and target), and with the `lease_token` of this lease: a
    job that is leased again gets another token, so that an answer to an older call cannot settle a newer one. Empty
    where another worker is at this connection just now.
    """
    agenda = agenda or Agenda(Outlooks())
    agenda.prepared(connection_id, now)
    with transaction.atomic():
        connection = locked(connection_id)
        wanted = min(room, budget.open_slots(connection, now)) if connection else 0
        wanted = min(wanted, budget.room_in_air(connection, now)) if connection and wanted > 0 else 0
        if connection is None or wanted <= 0:
            return []
        token = uuid.uuid4().hex
        is_probe = connection.block_reason == BlockReason.CREDENTIALS
        job_ids = _longest_due(connection, now) if is_probe else agenda.next_jobs(connection.pk, wanted, now)
        jobs = _lease(connection, worker_id, token, job_ids, now)
        if len(jobs) < len(job_ids):  # another worker was quicker
            agenda.forget(connection.pk)
        waiting = [job for job in jobs if job.status == JobStatus.WAITING]
        running = [job for job in jobs if job.status != JobStatus.WAITING]
        to_send = submit.write_ahead(waiting, now, neighbours.clones_beside(connection, waiting)) + running
        if to_send:
            budget.spend(connection, len(to_send), now)
        return to_send


def _longest_due(connection: Connection, now: datetime) -> list[int]:
    """Return the job that probes a refused key: not the one that it was refused to last, which waits a moment longer.

    Else a store that alone refuses the key would be the probe each time, and stop all others for ever.
    """
    return list(CloneJob.objects.due(now).filter(connection=connection).values_list("pk", flat=True)[:1])


def locked(connection_id: int) -> Connection | None:
    """Lock the connection's row; None where somebody holds it: whoever does must not hold up other connections.

    With it those of its neighbours at the same address: what one of them begins, no other may begin meanwhile.
    no_key: a launch that adds thousands of jobs to this connection must not hold us up, nor we it.
    """
    address = Connection.objects.filter(pk=connection_id).values("api_url")
    rows = Connection.objects.filter(api_url__in=address).order_by("pk")
    if not database.features.has_select_for_update_skip_locked:
        return rows.filter(pk=connection_id).first()
    held = list(rows.select_for_update(no_key=True, skip_locked=True))
    if len(held) < rows.count():
        return None
    return next((one for one in held if one.pk == connection_id), None)


def _lease(connection: Connection, worker_id: int, token: str, job_ids: list[int], now: datetime) -> list[CloneJob]:
    due = CloneJob.objects.due(now).filter(pk__in=job_ids)
    if database.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
    jobs = list(due)
    CloneJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        lease_token=token, leased_by_id=worker_id, leased_until=lease_end(now)
    )
    as_read = copy(connection)  # the caller goes on to change it
    for job in jobs:
        job.lease_token, job.connection = token, as_read
    # Only a POST names the two stores.
    prefetch_related_objects([job for job in jobs if job.status == JobStatus.WAITING], "template", "target")
    return jobs


def renew(jobs: Collection[CloneJob], now: datetime) -> None:
    """Prolong those leases of jobs, as `lease_due` returned them, that still stand, but for the newest.

    Most answers come sooner: to write their rows once more would be in vain.
    """
    if jobs:
        with transaction.atomic():
            aged = CloneJob.objects.filter(leased_until__lte=lease_end(now - RENEWED_AFTER))
            if held := aged.lock_leased(jobs, skip_locked=True):
                CloneJob.objects.filter(pk__in=held).update(leased_until=lease_end(now))


def lease_end(now: datetime) -> datetime:
    """Return when a lease taken at `now` ends."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def seconds_until_due(now: datetime, *, at_least: float, at_most: float) -> float:
    """Return how long until a free job is due, within bounds."""
    due_at = with_next_due(now).aggregate(first=Min("next_due_at"))["first"]
    return min(at_most, max(at_least, (due_at - now).total_seconds())) if due_at else at_most


def with_next_due(now: datetime) -> QuerySet[Connection]:
    """Return the open connections, each with `next_due_at`."""
    return Connection.objects.open(now).order_by().annotate(next_due_at=_next_due_at())


def _next_due_at() -> Subquery:
    """Select when a connection's next free job is due: one step into an index, however many jobs it has."""
    free = CloneJob.objects.active().filter(connection=OuterRef("pk"), lease_token="", next_action_at__isnull=False)
    return Subquery(free.order_by("next_action_at").values("next_action_at")[:1])


def stop_unusable(connection: Connection, reason: str, now: datetime) -> None:
    """Stop a connection that no request can be made with."""
    logger.warning("Connection %s is stopped: %s", connection, reason)
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, now + budget.PROBE_EVERY, now, reason)
