"""A clone's life in the sandbox: accepted, moved on by time, ended. The only code that writes a ticket's status."""

import threading
import time
import uuid
from dataclasses import dataclass

from django.db.models import F, Min

from clones.sandbox.contract import OPEN_STATUSES, Scope, Status
from clones.sandbox.copying import copy_catalog
from clones.sandbox.database import writing
from clones.sandbox.models import App, CloneTicket, Product, Store, World
from clones.sandbox.options import options

_finishing = threading.RLock()  # one clone is copied at a time, whoever asked for its end


@dataclass(frozen=True)
class Wish:
    """A start-clone request whose parameters are in order; a store that does not exist is None."""

    app: App
    source_id: int
    target_id: int
    source: Store | None
    target: Store | None
    scope: Scope
    demo: bool


@dataclass(frozen=True)
class Ending:
    """How a clone is to end: COMPLETED, or FAILED with a message."""

    status: Status = Status.COMPLETED
    error_message: str = ""


def accept(wish: Wish) -> CloneTicket:
    """Write the ticket down. Call it while writing, with a wish that no check refuses."""
    now = time.time()
    stays = _flag(wish.source, wish.target, "stays_in")
    own = _seconds(wish.source, wish.target, "queued_seconds")
    return CloneTicket.objects.create(
        ticket=str(uuid.uuid4()),
        app=wish.app,
        source_id=wish.source_id,
        target_id=wish.target_id,
        scope=wish.scope,
        demo=wish.demo,
        status=Status.QUEUED,
        accepted_at=now,
        moves_at=None if stays == Status.QUEUED else now + (options.queued_seconds if own is None else own),
    )


def paused() -> bool:
    """Tell whether clones stand still."""
    return World.objects.values_list("clones_paused", flat=True).get()


def pause(*, on: bool) -> None:
    """Let clones stand still, from the return of this call, or go on; what would have moved meanwhile moves at once."""
    with _finishing, writing():
        World.objects.update(clones_paused=on)


def next_move_at() -> float | None:
    """Return when the next clone is to move on (epoch seconds), None when none is."""
    if paused():
        return None
    moves: float | None = CloneTicket.objects.filter(status__in=OPEN_STATUSES).aggregate(first=Min("moves_at"))["first"]
    return moves


def move_due_clones() -> None:
    """Move on what is due: QUEUED to IN_PROGRESS, IN_PROGRESS to its end. Copies, one clone after the other."""
    with writing():
        for clone in _due(Status.QUEUED):
            clone.status = Status.IN_PROGRESS
            clone.moves_at = _ends_at(clone)
            clone.save(update_fields=["status", "moves_at"])
    for clone in _due(Status.IN_PROGRESS):
        with _finishing:
            if not paused():
                finish(clone.ticket, _own_ending(clone))


def finish(ticket: str, ending: Ending) -> bool:
    """End the clone, copying if it completes; True if this call ended it, False if it had ended or never began."""
    with _finishing:
        clone = (
            CloneTicket.objects.select_related("source", "target")
            .filter(ticket=ticket, status__in=OPEN_STATUSES)
            .first()
        )
        if clone is None:
            return False
        completes = ending.status == Status.COMPLETED
        copies = completes and Scope(clone.scope).has_catalog
        mapping = copy_catalog(clone) if copies else ""
        with writing():
            if completes and Scope(clone.scope).has_settings:
                _copy_settings(clone)
            if copies:
                Store.objects.filter(pk=clone.target_id).update(catalog_updated_at=time.time())
            _write_end(clone, ending, mapping)
        return True


def undisturbed() -> threading.RLock:
    """Return the lock under which no clone ends: for whoever empties the tables."""
    return _finishing


def _due(status: Status) -> list[CloneTicket]:
    if paused():
        return []
    due = CloneTicket.objects.filter(status=status, moves_at__lte=time.time()).order_by("moves_at")
    return list(due.select_related("source", "target"))


def _ends_at(clone: CloneTicket) -> float | None:
    if _flag(clone.source, clone.target, "stays_in") == Status.IN_PROGRESS:
        return None
    own = _seconds(clone.source, clone.target, "clone_seconds")
    products = Product.objects.filter(store_id=clone.source_id).count() if Scope(clone.scope).has_catalog else 0
    started_at = time.time() if clone.moves_at is None else clone.moves_at
    return started_at + (options.clone_seconds(products) if own is None else own)


def _own_ending(clone: CloneTicket) -> Ending:
    message = _flag(clone.source, clone.target, "fails_with")
    return Ending(Status.FAILED, message) if message else Ending()


def _flag(source: Store | None, target: Store | None, name: str) -> str:
    """Return the flag of the source or else of the target, "" when neither has it."""
    return getattr(source, name, "") or getattr(target, name, "")


def _seconds(source: Store | None, target: Store | None, name: str) -> float | None:
    """Return how long the source or else the target wants it to take, None when neither says."""
    wanted: float | None = getattr(source, name, None)
    return getattr(target, name, None) if wanted is None else wanted


def _copy_settings(clone: CloneTicket) -> None:
    """Copy settings and destination zones, never the owner's e-mail."""
    Store.objects.filter(pk=clone.target_id).update(
        settings=clone.source.settings, zones=F("zones") + clone.source.zones
    )


def _write_end(clone: CloneTicket, ending: Ending, mapping: str) -> None:
    clone.status = ending.status
    clone.error_message = ending.error_message
    clone.mapping = mapping
    clone.finished_at = time.time()
    clone.moves_at = None
    clone.save(update_fields=["status", "error_message", "mapping", "finished_at", "moves_at"])
