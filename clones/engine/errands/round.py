"""The errands of one tick: leases, calls on threads, answers in hand. Which errands there are, the desks say."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from clones.engine.calls import Caller
from clones.engine.database import AWAY, met_a_lock
from clones.engine.errands import leases
from clones.engine.errands.desk import Desk
from clones.engine.seat import Holder

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.5  # at a desk that had nothing to do
BUSY_SECONDS: Final = 0.1  # at one that had


@dataclass(frozen=True)
class Errand:
    """One row that was leased for one call."""

    desk: Desk[Any]
    row_id: int
    token: str

    def __str__(self) -> str:
        """Name it for the log."""
        return f"{self.desk.model.__name__} {self.row_id}"


@dataclass(frozen=True)
class Result:
    """What the call of one errand came to."""

    errand: Errand
    value: object


class Errands:
    """What one tick does at all desks. Whatever goes wrong with one errand is logged and leaves the others alone."""

    def __init__(self, holder: Holder, caller: Caller, desks: Iterable[type[Desk[Any]]]) -> None:
        self.holder = holder
        self.desks = [desk(caller) for desk in desks]
        threads = sum(desk.at_once for desk in self.desks)
        self.pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="ecwid-errand")
        self.in_air: dict[Future[object], Errand] = {}
        self.unsettled: list[Result] = []  # what the database has not taken yet
        self._look_at: dict[Desk[Any], float] = {}

    def launch(self, began: float) -> None:
        """Lease what is due and send its calls off. `began`: a moment before now, on the monotonic clock."""
        for desk in self.desks:
            room = desk.at_once - self._busy(desk)
            if room > 0 and time.monotonic() >= self._look_at.get(desk, 0.0):
                self._look_at[desk] = time.monotonic() + LOOK_EVERY_SECONDS
                with _guarded(f"The desk {type(desk).__name__} could not begin anything"):
                    desk.send_before = began + settings.WORKER_SILENT_SECONDS / 2
                    self._lease(desk, room, timezone.now())

    def seconds_until_look(self, *, at_most: float) -> float:
        """Return how long until a desk is to be looked at."""
        next_look = min((self._look_at.get(desk, 0.0) for desk in self.desks), default=float("inf"))
        return min(at_most, max(BUSY_SECONDS, next_look - time.monotonic()))

    def _busy(self, desk: Desk[Any]) -> int:
        errands = [*self.in_air.values(), *(result.errand for result in self.unsettled)]
        return sum(errand.desk is desk for errand in errands)

    def _lease(self, desk: Desk[Any], room: int, now: datetime) -> None:
        found, work = leases.lease(desk, self.holder.beat_id, room, now)
        if found:
            self._look_at[desk] = time.monotonic() + BUSY_SECONDS
        for row, call in work:
            self.in_air[self.pool.submit(call)] = Errand(desk, row.pk, row.lease_token)

    def collect(self) -> None:
        """Take the results that have come in."""
        for future in [future for future in self.in_air if future.done()]:
            errand = self.in_air.pop(future)
            if error := future.exception():
                # A bug of the desk's. The lease runs out by itself, and the row is taken back as a dead worker's.
                logger.error("The call for %s broke", errand, exc_info=error)
            else:
                self.unsettled.append(Result(errand, future.result()))

    def settle(self) -> None:
        """Write down the results, each by itself. One whose row somebody holds stays in hand."""
        for result in list(self.unsettled):
            if self._settle(result):
                self.unsettled.remove(result)

    def _settle(self, result: Result) -> bool:
        """Write down one result. False: somebody holds its row just now."""
        errand = result.errand
        try:
            leases.settle(errand.desk, errand.row_id, errand.token, result.value, timezone.now())
        except AWAY as error:
            if not met_a_lock(error):
                raise
            return False
        except Exception:
            logger.exception("The result for %s could not be written down", errand)  # its lease will run out
        return True

    def renew(self, now: datetime) -> None:
        """Prolong the leases of all errands whose results are in the air or in hand, those that still stand."""
        for desk, tokens in self._tokens().items():
            with _guarded(f"Leases of {type(desk).__name__} could not be renewed"):
                leases.renew(desk, tokens, now)

    def _tokens(self) -> dict[Desk[Any], dict[int, str]]:
        tokens: dict[Desk[Any], dict[int, str]] = defaultdict(dict)
        for errand in [*self.in_air.values(), *(result.errand for result in self.unsettled)]:
            tokens[errand.desk][errand.row_id] = errand.token
        return tokens

    def take_back(self, now: datetime, *, only_stopped: bool = False) -> None:
        """Take back the rows whose lease is void; `only_stopped`: those whose worker surely has no process left."""
        for desk in self.desks:
            with _guarded(f"Void leases of {type(desk).__name__} could not be taken back"):
                leases.take_back(desk, now, only_stopped=only_stopped)

    def give_back(self, now: datetime) -> None:
        """End the leases of what is still in the air: nobody will wait for it any more."""
        for desk, tokens in self._tokens().items():
            with _guarded(f"Leases of {type(desk).__name__} could not be given back"):
                leases.give_back(desk, tokens, now)

    def give_work(self, now: datetime) -> bool:
        """Tell whether the tick should stay for errands."""
        if self.in_air or self.unsettled:
            return True
        for desk in self.desks:
            with _guarded(f"{type(desk).__name__} could not tell whether it has work"):
                if desk.gives_work(now):
                    return True
        return False

    def in_hand(self) -> str:
        """List the results that the database has not taken yet; "" where there are none."""
        return ", ".join(str(result.errand) for result in self.unsettled)

    def close(self) -> None:
        """Give the threads up, with what they still wait for."""
        self.pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _guarded(what: str) -> Iterator[None]:
    """Log what goes wrong; pass on what says that the database is away."""
    try:
        yield
    except AWAY as error:
        if not met_a_lock(error):
            raise
    except Exception:
        logger.exception(what)
