"""urllib3 connections that obey and inform the current `watch`: a hard end for every call, a fence before its bytes.

requests offers neither: its read timeout starts anew with every byte that drips in, and waiting for a pooled connection
has no limit at all.
"""

import http.client
import io
import socket
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from clones.ecwid.watch import current_watch

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection


class _BoundedStream(io.RawIOBase):
    """A socket's stream whose every read ends with the call at the latest."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._stream = stream
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        watch = current_watch()
        if watch is None:
            return self._stream.readinto(buffer)
        left = watch.remaining()
        if left <= 0:
            raise TimeoutError("the call's time is used up")
        usual = self._sock.gettimeout()
        self._sock.settimeout(left if usual is None else min(usual, left))
        try:
            return self._stream.readinto(buffer)
        finally:
            self._sock.settimeout(usual)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedStream(self.fp.detach(), sock))


class WatchedConnection(HTTPConnection):
    """Plain HTTP (a sandbox on this machine)."""

    response_class = _BoundedResponse

    def connect(self) -> None:
        """Connect within what is left of the call."""
        watch = current_watch()
        if watch is not None:
            watch.check_fence()
            usual = self.timeout
            self.timeout = min(usual, watch.remaining()) if isinstance(usual, int | float) else watch.remaining()
        super().connect()

    def send(self, data: Any) -> None:
        """Send, having asked the watch first: the last moment at which a request can be held back."""
        if self.sock is None and self.auto_open:
            self.connect()
        watch = current_watch()
        if watch is not None:
            watch.begin_writing()
        super().send(data)


class WatchedTLSConnection(WatchedConnection, HTTPSConnection):
    """The same over TLS: the handshake is no sending yet."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = WatchedConnection

    def _get_conn(self, timeout: float | None = None) -> "BaseHTTPConnection":
        watch = current_watch()
        if watch is None:
            return super()._get_conn(timeout)
        watch.tracked = True
        return super()._get_conn(watch.remaining())


class _TLSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = WatchedTLSConnection


POOLS_BY_SCHEME = {"http": _Pool, "https": _TLSPool}
