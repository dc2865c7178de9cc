"""A desk driven by hand, with a clock of the test's own: what a tick does, one round at a time."""

import time
from datetime import datetime
from typing import Any

from django.utils import timezone

from clones.engine.calls import Caller
from clones.engine.errands import leases
from clones.engine.errands.desk import Desk
from tests.factories import WorkerBeatFactory


class Driver:
    """A worker at one desk. Every round has a session and a silence of its own, as if much time lay between them."""

    def __init__(self, desk: type[Desk[Any]]) -> None:
        self.desk = desk
        self.worker = WorkerBeatFactory.create(beat_at=timezone.now()).pk

    def lease(self, now: datetime, room: int = 50) -> tuple[Desk[Any], list[tuple[Any, Any]]]:
        """Lease what is due; return the desk of this round with its rows and calls."""
        desk = self.desk(Caller(threads=2))
        desk.send_before = time.monotonic() + 60
        return desk, leases.lease(desk, self.worker, room, now)[1]

    def go_round(self, now: datetime) -> list[object]:
        """Lease, call and settle; return what the calls came to."""
        desk, work = self.lease(now)
        results = []
        for row, call in work:
            results.append(call())
            leases.settle(desk, row.pk, row.lease_token, results[-1], now)
        desk.caller.close()
        return results
