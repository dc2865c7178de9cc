"""Which jobs this tick works on: leases, taken together with the requests they will cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Min

from clones.choices import BlockReason, JobStatus
from clones.engine import budget, submit
from clones.models import CloneJob, Connection


@dataclass(frozen=True)
class Holder:
    """Who leases: the worker's row, and the token of one tick of its."""

    beat_id: int
    token: str


def connections_with_work(now: datetime) -> list[Connection]:
    """Return the connections that have due jobs and are not stopped, as they are now."""
    return list(Connection.objects.open(now).filter(pk__in=CloneJob.objects.due(now).order_by().values("connection")))


def lease_due(connection_id: int, holder: Holder, room: int, now: datetime) -> list[CloneJob]:
    """Lease at most `room` due jobs of one connection, as far as its budget goes, in one transaction.

    Jobs that wait for their POST are SUBMITTING afterwards (`submit.write_ahead`). The rows are returned as they were
    read, with template and target.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection_id)
        wanted = min(room, budget.open_slots(connection, now))
        if wanted <= 0:
            return []
        jobs = _lease(connection, holder, wanted, now)
        waiting = [job for job in jobs if job.status == JobStatus.WAITING]
        running = [job for job in jobs if job.status != JobStatus.WAITING]
        to_send = submit.write_ahead(waiting, now, holder.token) + running
        if to_send:
            budget.spend(connection, len(to_send), now)
        return to_send


def _lease(connection: Connection, holder: Holder, wanted: int, now: datetime) -> list[CloneJob]:
    due = CloneJob.objects.due(now).filter(connection=connection)
    if database.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    jobs = list(due.select_related("template", "target")[:wanted])
    CloneJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        lease_token=holder.token, leased_by_id=holder.beat_id, leased_until=lease_end(now)
    )
    return jobs


def renew(job_ids: list[int], holder: Holder, now: datetime) -> None:
    """Prolong the leases that this tick still holds."""
    if job_ids:
        CloneJob.objects.filter(pk__in=job_ids, lease_token=holder.token).update(leased_until=lease_end(now))


def lease_end(now: datetime) -> datetime:
    """Return when a lease taken at `now` ends."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def seconds_until_due(now: datetime, *, at_least: float, at_most: float) -> float:
    """Return how long until a free job is due, within bounds."""
    free = CloneJob.objects.active().filter(lease_token="", connection__in=Connection.objects.open(now))
    due_at = free.aggregate(first=Min("next_action_at"))["first"]
    return min(at_most, max(at_least, (due_at - now).total_seconds())) if due_at else at_most


def stop_unreadable(connection: Connection, now: datetime) -> None:
    """Stop a connection whose secret none of ENCRYPTION_KEYS decrypts."""
    message = "Its secret cannot be decrypted with ENCRYPTION_KEYS."
    budget.stop_traffic(connection.pk, BlockReason.CREDENTIALS, now + budget.PROBE_EVERY, now, message)
