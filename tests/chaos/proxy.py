"""A way to a server that can be cut: closed, so that callers are refused, or swallowing all, so that they wait."""

import socket
import threading
from contextlib import suppress

from tests.processes import free_port


class Proxy:
    """Passes bytes between its own port and `server_port`, both on this machine. Any thread may call any method."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self._server_port = server_port
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        self._listener = self._listen()

    def refuse(self) -> None:
        """Break all connections, and refuse new ones until `mend`."""
        _close(self._listener)
        self._break_all()

    def swallow(self) -> None:
        """Take connections and bytes, and pass nothing on; what was held back goes on with `mend`."""
        self._flows.clear()

    def mend(self) -> None:
        """Be a way again."""
        self._flows.set()
        if self._listener.fileno() < 0:
            self._listener = self._listen()

    def close(self) -> None:
        """End it for good."""
        self.refuse()
        self._flows.set()

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._flows.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:  # the server is away: so are we
            _close(client)
            return
        self._sockets |= {client, server}
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                sink.sendall(data)
        for end in (source, sink):
            self._sockets.discard(end)
            _close(end)

    def _break_all(self) -> None:
        for one in list(self._sockets):
            _close(one)


def _close(one: socket.socket) -> None:
    """Close a socket and wake up whoever waits at it."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
