"""What the engine knows about a database that is away: how that shows, and that nobody waits for it for long."""

from typing import Final

from django.db import InterfaceError, InternalError, OperationalError, connection

AWAY: Final = (OperationalError, InterfaceError, InternalError)  # the last one: it became read-only
LOCK_NOT_AVAILABLE: Final = "55P03"

SHORT_WAIT_SECONDS: Final = 1  # for somebody's lock
CONNECT_SECONDS: Final = 2  # to PostgreSQL, which takes no shorter one


def wait_briefly() -> None:
    """Have this process give up on the database after a moment: it tries again by itself, and hears a stop between."""
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        wanted = {"timeout": SHORT_WAIT_SECONDS}
    else:
        limit = f" -c lock_timeout={SHORT_WAIT_SECONDS}s"  # the last one counts
        wanted = {"connect_timeout": CONNECT_SECONDS, "options": options["options"].removesuffix(limit) + limit}
    if not wanted.items() <= options.items():
        options.update(wanted)
        connection.close()


def in_a_line(error: Exception) -> str:
    """Return what the log says of an error: its kind, and what it says first, such as that the disk is full."""
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])


def met_a_lock(error: Exception) -> bool:
    """Tell a row that somebody holds (PostgreSQL's lock_timeout) from a database that is away."""
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE
