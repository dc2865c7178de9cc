"""What history does beside clones: creates stores and clones Instant Sites by the engine's own desks, at past times."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from clones.engine import seat
from clones.engine.calls import Caller
from clones.engine.errands import leases
from clones.engine.errands.creating import CreationDesk
from clones.engine.errands.desk import Desk
from clones.engine.errands.sites import SiteDesk
from clones.models import StoreCreation

TAKES: Final = timedelta(seconds=2)
MOST_ROUNDS: Final = 100


class Errands:
    """Does what is due at a time, one thing after the other."""

    def __init__(self, caller: Caller) -> None:
        self._stores = CreationDesk(caller)
        self._sites = SiteDesk(caller)

    def create_stores(self, at: datetime) -> None:
        """Ask for each store that is due, and look up what was not answered, until nothing moves by itself."""
        for _ in range(MOST_ROUNDS):
            moving = StoreCreation.objects.filter(finished_at=None).exclude(next_action_at=None)
            due = moving.order_by("next_action_at").values_list("next_action_at", flat=True).first()
            if due is None:
                return
            at = self._do(self._stores, max(at, due))

    def clone_sites(self, at: datetime) -> None:
        """Clone each site whose clone has completed."""
        self._do(self._sites, at)

    def _do(self, desk: Desk[Any], at: datetime) -> datetime:
        """Do what is due at `at`; return when that was done."""
        worker = seat.announce(uuid.uuid4().hex, at)
        desk.send_before = float("inf")
        _, work = leases.lease(desk, worker.pk, desk.at_once, at)
        for row, call in work:
            at += TAKES
            leases.settle(desk, row.pk, row.lease_token, call(), at)
        worker.delete()
        return at
