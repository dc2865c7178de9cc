"""A real HTTP server on this machine that answers byte for byte what a test tells it to."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Respond = Callable[[socket.socket, "LocalServer"], None]


class LocalServer:
    """Answers every request with `respond(connection, server)`; keeps the requests and counts the connections.

    `released` is set when the test is over: what holds an answer back waits for it. `reads_first=False`: it answers
    before any request came, and hangs up.
    """

    def __init__(self, respond: Respond, *, tls: ssl.SSLContext | None = None, reads_first: bool = True) -> None:
        self._respond = respond
        self._tls = tls
        self._reads_first = reads_first
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.arrived = threading.Event()
        self.released = threading.Event()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            # A client that keeps its connection says nothing more: the end of the test must not wait for it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as opened:
                self._open.append(opened)
                if not self._reads_first:
                    self._respond(opened, self)
                    return
                self._converse(opened)
        except OSError:
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            self.requests.append(request)
            self.arrived.set()
            self._respond(connection, self)


def read_request(connection: socket.socket) -> bytes:
    """One request, head and body; empty when the client has gone."""
    request = b""
    while b"\r\n\r\n" not in request:
        received = connection.recv(65536)
        if not received:
            return b""
        request += received
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def plain(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer as it goes over the wire."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def answering(raw: bytes) -> Respond:
    """Send these bytes, and keep the connection."""
    return lambda connection, _server: connection.sendall(raw)


def answering_and_closing(raw: bytes) -> Respond:
    """Send these bytes, and close the connection."""

    def respond(connection: socket.socket, _server: LocalServer) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_RDWR)

    return respond


def holding(raw: bytes = b"") -> Respond:
    """Send these bytes, and nothing more until the test is over."""

    def respond(connection: socket.socket, server: LocalServer) -> None:
        connection.sendall(raw)
        server.released.wait(120)

    return respond


def dripping(start: bytes, drop: bytes, every_seconds: float = 0.01) -> Respond:
    """Send `start`, then one `drop` after another until the client has had enough or the test is over."""

    def respond(connection: socket.socket, server: LocalServer) -> None:
        connection.sendall(start)
        while not server.released.wait(every_seconds):
            connection.sendall(drop)

    return respond
