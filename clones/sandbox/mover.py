"""The background thread that moves clones on: it sleeps until the next one is due, or until it is rung."""

import logging
import threading
import time

from django.db import connections

from clones.sandbox.cloning import move_due_clones, next_move_at

RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Mover(threading.Thread):
    """Rung whenever the time of the next move may have changed: a new clone, a pause, a reset."""

    def __init__(self) -> None:
        super().__init__(name="mover", daemon=True)
        self._bell = threading.Event()
        self._stopping = False

    def ring(self) -> None:
        """Have it look again. Call it after the commit."""
        self._bell.set()

    def stop(self) -> None:
        """Ask it to end after what it is doing; a copy that this cuts off begins anew at the next start."""
        self._stopping = True
        self._bell.set()

    def run(self) -> None:
        """Move clones until stopped. A failure is logged and tried again: a dead mover would hang every clone."""
        while not self._stopping:
            try:
                move_due_clones()
                wait = _seconds_until(next_move_at())
            except Exception:
                logger.exception("A clone could not be moved on")
                wait = RETRY_SECONDS
            self._bell.wait(wait)
            self._bell.clear()
        connections.close_all()


def _seconds_until(moment: float | None) -> float | None:
    return None if moment is None else max(0.0, moment - time.time())


mover = Mover()
