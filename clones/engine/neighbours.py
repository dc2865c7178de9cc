"""Other connections at one address of Ecwid's, each with a key of its own: what one of them does, no other does too.

Whoever asks here has locked all of them (`leasing.locked`), so that none begins it before the request leaves.
"""

from collections.abc import Sequence

from django.db.models import Q

from clones.choices import CREATION_GONE, CreationStatus, JobStatus
from clones.models import CloneJob, Connection, StoreCreation


def clones_beside(connection: Connection, jobs: Sequence[CloneJob]) -> dict[int, CloneJob]:
    """Return for those of `jobs` into whose store another connection's clone is, or may be, under way: that one, by id.

    What may have been sent itself is left out: only an answer settles it.
    """
    unsent = [job for job in jobs if job.unanswered_since is None]
    if not unsent or not has_any(connection):
        return {}
    rows = CloneJob.objects.active().into(connection, {job.target.store_id for job in unsent})
    sent = rows.exclude(connection=connection).exclude(status=JobStatus.WAITING, unanswered_since=None)
    there = {job.target.store_id: job for job in sent.select_related("target", "connection")}
    return {job.pk: there[job.target.store_id] for job in unsent if job.target.store_id in there}


def creations_beside(connection: Connection, rows: Sequence[StoreCreation]) -> dict[str, StoreCreation]:
    """Return the creations of other connections, by e-mail, that made a store for one of these, or may have."""
    if not rows or not has_any(connection):
        return {}
    others = StoreCreation.objects.filter(
        connection__in=Connection.objects.at_address_of(connection), email__in=[row.email for row in rows]
    ).exclude(connection=connection)
    never_sent = Q(status=CreationStatus.WAITING) | Q(status=CreationStatus.NEEDS_PERSON, unanswered_since=None)
    living = others.exclude(status__in=CREATION_GONE).exclude(never_sent)
    return {row.email: row for row in living.select_related("connection")}


def has_any(connection: Connection) -> bool:
    """Tell whether the connection has neighbours; most have none."""
    return Connection.objects.at_address_of(connection).exclude(pk=connection.pk).exists()
