"""The socket under one request: whether the client is still there. The WSGI environment carries it, see `server`."""

import socket
from contextlib import suppress
from typing import NoReturn

ENVIRON_KEY = "sandbox.connection"


class DroppedError(ConnectionAbortedError):
    """Raised inside an answer after the connection was closed; wsgiref is silent about this kind of error."""


class Connection:
    """One client's socket."""

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw

    def is_gone(self) -> bool:
        """Tell whether the client has closed the connection, or its half of it. Never waits."""
        try:
            return self.raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def drop(self) -> NoReturn:
        """Close the connection where the answer stands."""
        with suppress(OSError):
            self.raw.shutdown(socket.SHUT_RDWR)
        raise DroppedError
