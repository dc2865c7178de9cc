"""The sandbox's HTTP server: threads, HTTP/1.1 with kept-alive connections, silent about clients that leave.

It hands each view the socket, see `connection`.
"""

import socket
import socketserver
import sys
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from clones.sandbox.connection import ENVIRON_KEY, Connection


class SandboxServer(ThreadedWSGIServer):
    """Listens from the moment it is made; answers once `serve_forever` runs."""

    request_queue_size = 512

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), SandboxRequestHandler)

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.socket.getsockname()[:2]
        self.server_name = str(host)
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a client that left."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class SandboxRequestHandler(WSGIRequestHandler):
    """One client's connection. Buffered, so that an answer leaves in one piece and waits for no ACK."""

    wbufsize = -1
    disable_nagle_algorithm = True

    def get_environ(self) -> WSGIEnvironment:
        """Add the socket to what the views see."""
        return {**super().get_environ(), ENVIRON_KEY: Connection(cast(socket.socket, self.connection))}

    def log_message(self, *_: Any) -> None:
        """Keep quiet: the request log is in the database."""
