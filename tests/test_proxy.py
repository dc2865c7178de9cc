"""A way that can be cut."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.proxy import Proxy


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(120)
        yield listener


@pytest.fixture
def proxy(server: socket.socket) -> Iterator[Proxy]:
    made = Proxy(server.getsockname()[1])
    yield made
    made.close()


def call(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=120)


def test_passes_bytes_both_ways(proxy: Proxy, server: socket.socket) -> None:
    with call(proxy) as caller, server.accept()[0] as answerer:
        caller.sendall(b"question")
        assert answerer.recv(100) == b"question"
        answerer.sendall(b"answer")
        assert caller.recv(100) == b"answer"


def test_refuses_and_breaks_what_it_had(proxy: Proxy, server: socket.socket) -> None:
    with call(proxy) as caller, server.accept()[0]:
        proxy.refuse()

        assert caller.recv(100) == b""
        with pytest.raises(ConnectionRefusedError):
            call(proxy)


def test_is_a_way_again_once_mended(proxy: Proxy, server: socket.socket) -> None:
    proxy.refuse()
    proxy.mend()

    with call(proxy) as caller, server.accept()[0] as answerer:
        caller.sendall(b"question")
        assert answerer.recv(100) == b"question"


def test_swallows_until_it_is_mended(proxy: Proxy, server: socket.socket) -> None:
    with call(proxy) as caller, server.accept()[0] as answerer:
        proxy.swallow()
        caller.sendall(b"question")
        answerer.setblocking(False)
        with pytest.raises(BlockingIOError):
            answerer.recv(100)
        answerer.settimeout(120)

        proxy.mend()

        assert answerer.recv(100) == b"question"


def test_keeps_the_end_of_a_connection_to_itself_until_it_is_mended(proxy: Proxy, server: socket.socket) -> None:
    with call(proxy) as caller, server.accept()[0] as answerer:
        caller.sendall(b"question")
        assert answerer.recv(100) == b"question"
        proxy.swallow()
        caller.close()
        answerer.settimeout(0.2)
        with pytest.raises(TimeoutError):
            answerer.recv(100)
        answerer.settimeout(120)

        proxy.mend()

        assert answerer.recv(100) == b""


def test_breaks_a_connection_however_soon_after_it_came_in(proxy: Proxy, server: socket.socket) -> None:
    for _ in range(50):
        with call(proxy) as caller:
            proxy.refuse()

            with suppress(ConnectionResetError):  # it was not even taken
                assert caller.recv(100) == b""
        proxy.mend()


def test_breaks_what_waits_at_a_way_that_swallows(proxy: Proxy, server: socket.socket) -> None:
    proxy.swallow()
    with call(proxy) as caller:
        proxy.refuse()

        with suppress(ConnectionResetError):
            assert caller.recv(100) == b""
