"""What one kind of errand is made of: which rows are due, the call that each needs, and what its answer means."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, TypeAlias, TypeVar

from django.db.models import QuerySet

from clones.choices import BlockReason
from clones.ecwid.watch import Fence
from clones.engine.calls import Caller
from clones.models import Connection
from clones.models.lease import Leased

R = TypeVar("R", bound=Leased)
Work: TypeAlias = Callable[[], object]  # runs on a thread: touches no database, never raises

SOON: Final = timedelta(seconds=10)  # what is due by then is not worth leaving for


class Desk(ABC, Generic[R]):
    """One kind of errand, made anew by every tick. The rounds lease, renew and free its rows; it decides about them.

    Whatever it raises is logged and costs this errand a pause, not the others; only what says that the database is
    away is passed on, and the step is then done again.
    """

    model: type[R]
    at_once: ClassVar[int] = 16  # calls that one tick has in the air: each takes a thread

    def __init__(self, caller: Caller) -> None:
        """Keep what the tick's calls share: the session, the silence and the clients."""
        self.caller = caller
        self.send_before = 0.0  # monotonic; set by each round before `prepare`
        self.worker_id = 0  # whose rows are leased here; set with each lease

    def rows(self) -> QuerySet[R]:
        """Select all rows of this kind."""
        return QuerySet(self.model)

    @abstractmethod
    def due(self, now: datetime) -> QuerySet[R]:
        """Select the free rows that want attention at `now`, longest due first; not those that could not be sent."""

    @abstractmethod
    def prepare(self, rows: list[R], now: datetime) -> list[tuple[R, Work]]:
        """Write ahead, take requests from budgets, and return the call for each row that may go.

        Runs in the transaction that leases: `rows` are locked and carry their new `lease_token`. Rows that are not
        returned are given back as they are then: without another `next_action_at` they are due again at once.
        """

    @abstractmethod
    def settle(self, row: R, result: object, now: datetime) -> None:
        """Write down what the call came to. `row` is read anew, locked, and still leased for it; the lease ends then.

        `row` is an object of its own: what `prepare` put on the instance that it returned is not there.
        """

    def lock_first(self, row: R) -> None:
        """Lock what must be locked before the row itself, in the transaction of `settle`."""

    def settle_late(self, row: R, result: object, now: datetime) -> None:
        """Keep what is worth keeping of an answer that came after the lease was lost. `row`: read anew, and locked.

        Also called where the database took the answer, but could not say so any more: it may be written already.
        """

    def take_back(self, rows: list[R], now: datetime) -> None:
        """Decide about rows (locked) whose call nobody waits for any more; their leases end then. Due again at once."""
        self.rows().filter(pk__in=[row.pk for row in rows]).update(next_action_at=now)

    def gives_work(self, now: datetime) -> bool:
        """Tell whether the tick should stay: something is due soon, or somebody is at it."""
        return self.due(now + SOON).exists() or self.rows().exclude(lease_token="").exists()

    def fence(self, used: Connection | None = None) -> Fence:
        """Return what tells, at the last moment, why a request of this round must not leave any more; "" lets it.

        `used`: the connection that it goes over, as it was read just now; it must still take requests then.
        """
        send_before, made_at, silence = self.send_before, time.monotonic(), self.caller.silence

        def why_not() -> str:
            if time.monotonic() >= send_before:
                return "it was too late to send it"
            if used is None:
                return ""
            is_probe = used.block_reason == BlockReason.CREDENTIALS
            return silence.why(used.pk, heard_at=made_at, is_probe=is_probe)

        return why_not
