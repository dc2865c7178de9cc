"""What one press of a button may take."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from clones.ecwid import AppCredentials, NoAnswer, NotFound, NotSent, PartnerClient, Timeouts, make_session
from clones.operations.hurry import LIMIT_SECONDS, Hurry
from tests.ecwid.servers import LocalServer, answering, plain


class Clock:
    """A clock that a test turns on."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """Return an event that lets go, at the end of the test, of whatever hangs on it."""
    event = threading.Event()
    yield event
    event.set()


def test_a_call_has_what_is_left_of_the_ten_seconds(clock: Clock) -> None:
    hurry = Hurry(clock)

    def call(timeouts: Timeouts) -> Timeouts:
        clock.now += 3
        return timeouts

    totals = [hurry.run(call) for _ in range(3)]

    assert LIMIT_SECONDS == 10
    assert [(one.connect, one.read, one.total) for one in totals] == [(5, 10, 10), (5, 7, 7), (4, 4, 4)]
    assert hurry.took_seconds == 9


def test_nothing_is_called_when_the_time_is_used_up(clock: Clock) -> None:
    hurry = Hurry(clock)
    clock.now += 10
    called: list[Timeouts] = []

    with pytest.raises(NoAnswer, match="used up"):
        hurry.run(called.append)

    assert called == []


def test_what_a_call_raises_comes_through() -> None:
    def call(_: Timeouts) -> None:
        raise NotFound("STORE_NOT_FOUND", "")

    with pytest.raises(NotFound):
        Hurry().run(call)


def test_a_call_that_hangs_is_left_behind(free: threading.Event) -> None:
    with pytest.raises(NoAnswer, match="did not come in time"):
        Hurry(limit=0.2).run(lambda _: free.wait(60))

    assert not free.is_set()


def test_a_call_whose_thread_begins_late_has_no_more_time_for_that(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = ThreadPoolExecutor.submit

    def late(*args: Any) -> Future[Any]:
        clock.now += 4
        return submit(*args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", late)

    assert Hurry(clock).run(lambda timeouts: timeouts.total) == 6


def test_a_request_whose_name_server_was_too_slow_never_leaves(
    free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up, over = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slowly(*args: object, **kwargs: object) -> object:
        looked_up.set()
        free.wait(60)
        return look_up(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with LocalServer(answering(plain(b"{}"))) as server, make_session() as session:

        def ask(timeouts: Timeouts) -> bool:
            try:
                client = PartnerClient(AppCredentials(server.url, "app", "secret-1"), session, timeouts=timeouts)
                return client.email_has_store("nobody@example.com")
            finally:
                over.set()

        for seconds in (0.2, 2, 20):  # a busy machine may not get as far as the name server
            over.clear()
            with pytest.raises((NoAnswer, NotSent)):
                Hurry(limit=seconds).run(ask)
            if looked_up.is_set():
                break
        assert looked_up.wait(60)
        free.set()
        assert over.wait(60)

        assert server.requests == []


def test_an_answer_that_drips_ends_with_the_time(free: threading.Event) -> None:
    def dripping(connection: socket.socket, server: LocalServer) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not server.released.wait(0.02):
            connection.sendall(b" ")

    def ask(server: LocalServer) -> Callable[[Timeouts], bool]:
        credentials = AppCredentials(server.url, "app", "secret-1")
        return lambda timeouts: PartnerClient(credentials, session, timeouts=timeouts).email_has_store("n@example.com")

    with LocalServer(dripping) as server, make_session() as session:
        for seconds in (0.3, 3, 30):  # a busy machine may not even send it
            with pytest.raises((NoAnswer, NotSent)) as failure:
                Hurry(limit=seconds).run(ask(server))
            if failure.type is NoAnswer:
                break

        assert failure.type is NoAnswer
        assert not server.released.is_set()
