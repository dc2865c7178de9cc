"""Which ports of this machine are free."""

import errno
import socket
from typing import Final

HOST: Final = "127.0.0.1"
HIGHEST: Final = 65_535


class PortTakenError(Exception):
    """Nothing can listen at the wanted port; the text is one sentence with what to type."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now. Raises OSError where this user may not listen at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: an old connection's end is no use
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def any_free() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def web_port(wanted: int) -> int:
    """Return the port for the portal: the wanted one, any free one for 0. Raises PortTakenError."""
    if wanted == 0:
        return any_free()
    other = "make demo PORT={}"
    try:
        if not 0 < wanted <= HIGHEST:
            raise PortTakenError(f"{wanted} is no port: choose one from 1024 to {HIGHEST}, such as {other.format(8001)}")
        if is_free(wanted):
            return wanted
    except OSError as error:
        reason = f"Nothing can listen at port {wanted} here ({error.strerror})."
        raise PortTakenError(f"{reason} Choose another one: {other.format(any_free())}") from None
    free = next((port for port in range(wanted + 1, min(wanted + 100, HIGHEST)) if is_free(port)), any_free())
    raise PortTakenError(f"Port {wanted} is used by another program. Choose another one: {other.format(free)}")
