"""One looping tick per worker: the seat, and the beat that shows that somebody sits on it."""

import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, Q

from clones.models import WorkerBeat

HOST: Final = socket.gethostname()


@dataclass(frozen=True)
class Holder:
    """Who sits: the worker's row, and the token of one tick of its."""

    beat_id: int
    token: str


def announce(queue: str, now: datetime) -> WorkerBeat:
    """Return the row of the worker that listens to `queue`, made where there is none."""
    fresh = {"host": HOST, "started_at": now, "beat_at": now}
    return WorkerBeat.objects.get_or_create(queue=queue, defaults=fresh)[0]


def take(queue: str, token: str, now: datetime) -> Holder | None:
    """Beat, and sit down where the seat is free or its holder has been silent for a third of WORKER_SILENT_SECONDS.

    None: another tick loops. The void seat is taken early so that the worker's beat does not stop meanwhile; two ticks
    in one worker do no harm, since their leases differ.
    """
    row = announce(queue, now)
    silent = now - timedelta(seconds=settings.WORKER_SILENT_SECONDS / 3)
    free = WorkerBeat.objects.filter(Q(seat_token="") | Q(beat_at__lt=silent), pk=row.pk)
    if not free.update(seat_token=token, beat_at=now, stopped_at=None):
        return None
    return Holder(row.pk, token)


def beat(holder: Holder, now: datetime) -> bool:
    """Give the sign of life. False: somebody else sits here now."""
    return bool(WorkerBeat.objects.filter(pk=holder.beat_id, seat_token=holder.token).update(beat_at=now))


def leave(holder: Holder) -> None:
    """Free the seat for the next tick."""
    WorkerBeat.objects.filter(pk=holder.beat_id, seat_token=holder.token).update(seat_token="")


def stopped(queue: str, now: datetime) -> None:
    """Write down that no process of this worker is left: its leases are void. One that never beat is forgotten."""
    rows = WorkerBeat.objects.filter(queue=queue)
    rows.filter(beat_at=F("started_at")).delete()
    rows.update(stopped_at=now, seat_token="")


def touch(queue: str) -> None:
    """Write to the worker's row without beating. Raises DatabaseError where the database takes no writes."""
    WorkerBeat.objects.filter(queue=queue).update(host=HOST)
