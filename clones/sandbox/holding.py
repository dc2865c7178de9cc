"""Answers that are held back until a control call, the client's leaving or the shutdown lets go of them."""

import itertools
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from clones.sandbox.connection import Connection


class LetGo(StrEnum):
    """Why a held answer goes on."""

    RELEASED = "released"
    CLIENT_GONE = "client_gone"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True)
class Held:
    """A held answer as `GET /control/held` shows it; `stage` is before, after or midway."""

    id: int
    call: str
    stage: str
    target: str
    ticket: str
    bell: socket.socket = field(repr=False)


class HeldAnswers:
    """All that is held now. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[int, Held] = {}
        self._numbers = itertools.count(1)
        self._closed = threading.Event()
        self._interruptions = 0

    def hold(self, connection: Connection, call: str, stage: str, target: str, ticket: str) -> LetGo:
        """Block until someone lets go of this answer; tells who did."""
        with self._registered(call, stage, target, ticket) as wake:
            if self._closed.is_set():
                return LetGo.SHUTDOWN
            if _client_left_first(connection, wake):
                return LetGo.CLIENT_GONE
            return LetGo.SHUTDOWN if self._closed.is_set() else LetGo.RELEASED

    def waiting(self, wait_seconds: float) -> list[Held]:
        """Return what is held, after waiting until something is, or `wait_seconds` are over."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._closed.is_set(), wait_seconds)
            return list(self._held.values())

    def release(self, number: int | None = None) -> int:
        """Let go of one answer, or of all; return how many that were. They are no longer listed from here on."""
        with self._changed:
            chosen = [held for held in self._held.values() if number in {None, held.id}]
            for held in chosen:
                del self._held[held.id]
                held.bell.send(b"!")
        return len(chosen)

    def close(self) -> None:
        """Let go of everything for the shutdown; from here on nothing is held."""
        self._closed.set()
        self.release()
        with self._changed:
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Wait so long. False: cut short by the shutdown or by `interrupt`."""
        with self._changed:
            number = self._interruptions
            return not self._changed.wait_for(
                lambda: self._closed.is_set() or self._interruptions != number, timeout=seconds
            )

    def interrupt(self) -> None:
        """Cut all pauses short, and let go of everything that is held."""
        with self._changed:
            self._interruptions += 1
            self._changed.notify_all()
        self.release()

    @contextmanager
    def _registered(self, call: str, stage: str, target: str, ticket: str) -> Iterator[socket.socket]:
        bell, wake = socket.socketpair()
        with bell, wake:
            held = Held(next(self._numbers), call, stage, target, ticket, bell)
            with self._changed:
                self._held[held.id] = held
                self._changed.notify_all()
            try:
                yield wake
            finally:
                with self._changed:
                    self._held.pop(held.id, None)


def _client_left_first(connection: Connection, wake: socket.socket) -> bool:
    """Wait for the bell or for the client's leaving; True for the client. What it sends meanwhile is left alone."""
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        selector.register(connection.raw, selectors.EVENT_READ)
        while True:
            rang = any(key.fileobj is wake for key, _ in selector.select())
            if rang or connection.is_gone():
                return not rang
            selector.unregister(connection.raw)


held_answers = HeldAnswers()
