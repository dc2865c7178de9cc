"""A stand-in for Ecwid that answers after 100 ms, and costs next to no CPU: "IN_PROGRESS", or to a POST a ticket.

`python -m tests.bench.slow_answers` prints its port. `GET /count` is answered at once: how many others it has answered.
"""

import asyncio
import subprocess
import sys
import uuid
from types import TracebackType
from typing import Final, Self

import requests

LATENCY_SECONDS: Final = 0.1
END_OF_REQUEST: Final = b"\r\n\r\n"  # no request has a body


class SlowAnswers(asyncio.Protocol):
    """One connection, kept open; its requests come one after the other."""

    answered = 0  # over all connections

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request that has come in as a whole."""
        self._received += data
        if not self._received.endswith(END_OF_REQUEST):
            return
        request, self._received = self._received, b""
        if request.startswith(b"GET /count"):
            self._answer(b'{"count": %d}' % SlowAnswers.answered)
        else:
            is_start = request.startswith(b"POST")
            asyncio.get_running_loop().call_later(
                LATENCY_SECONDS, self._answer_start if is_start else self._answer_look
            )

    def _answer_look(self) -> None:
        SlowAnswers.answered += 1
        self._answer(b'{"status": "IN_PROGRESS"}')

    def _answer_start(self) -> None:
        SlowAnswers.answered += 1
        self._answer(b'{"success": true, "ticket": "%s"}' % str(uuid.uuid4()).encode())

    def _answer(self, body: bytes) -> None:
        assert self._transport is not None
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)


class SlowServer:
    """Context manager: the stand-in as a process of its own."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.slow_answers"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def count(self) -> int:
        """Return how many requests it has answered."""
        return int(requests.get(f"http://127.0.0.1:{self.port}/count", timeout=10).json()["count"])


async def serve() -> None:
    """Answer until this process is ended."""
    server = await asyncio.get_running_loop().create_server(SlowAnswers, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
