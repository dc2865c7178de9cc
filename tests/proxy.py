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
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = self._listen()

    def refuse(self) -> None:
        """Break all connections, and refuse new ones until `mend`."""
        with self._lock:
            _close(self._listener)
            for one in self._sockets:
                _close(one)
            self._sockets.clear()

    def swallow(self) -> None:
        """Take connections and bytes, and pass nothing on, no end either; what was held back goes on with `mend`."""
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
            threading.Thread(target=self._connect, args=(client, listener), daemon=True).start()

    def _connect(self, client: socket.socket, listener: socket.socket) -> None:
        if not self._keep(client, listener):
            return
        self._flows.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:  # the server is away: so are we
            self._drop(client)
            return
        if not self._keep(server, listener):
            return
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                sink.sendall(data)
            self._flows.wait()
        self._drop(source)
        self._drop(sink)

    def _keep(self, one: socket.socket, listener: socket.socket) -> bool:
        """Hold an end of a connection, to be broken by `refuse`; False: `refuse` was called since it came in."""
        with self._lock:
            if listener.fileno() < 0:
                _close(one)
                return False
            self._sockets.add(one)
            return True

    def _drop(self, one: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(one)
        _close(one)


def _close(one: socket.socket) -> None:
    """Close a socket and wake up whoever waits at it."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
