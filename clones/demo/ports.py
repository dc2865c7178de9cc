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
        # As the servers do: a connection that is only just over takes no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def is_usable(port: int) -> bool:
    """Tell whether it is a port at which a server of this user could listen now."""
    try:
        return 0 < port <= HIGHEST and is_free(port)
    except OSError:
        return False


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
    if not 0 < wanted <= HIGHEST:
        raise PortTakenError(f"{wanted} is no port. {_advice(any_free())}")
    try:
        if is_free(wanted):
            return wanted
    except OSError as error:
        raise PortTakenError(f"Nothing can listen at port {wanted} ({error.strerror}). {_advice(any_free())}") from None
    neighbours = range(wanted + 1, min(wanted + 100, HIGHEST))
    free = next((port for port in neighbours if is_free(port)), any_free())
    raise PortTakenError(f"Port {wanted} is used by another program. {_advice(free)}")


def _advice(port: int) -> str:
    return f"Choose another one: make demo PORT={port}"
