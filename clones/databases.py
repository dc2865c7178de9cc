"""How a database is spoken to, of whichever of the two kinds it is."""

from typing import Any, Final

from environ import Env

SCHEMES: Final = ("postgres", "postgresql", "pgsql", "psql", "sqlite")
IN_MEMORY: Final = ":memory:"

Facts = dict[str, Any]  # one entry of Django's DATABASES


def is_sqlite(facts: Facts) -> bool:
    """Tell which of the two kinds it is."""
    return str(facts["ENGINE"]).endswith("sqlite3")


def set_up(url: str) -> Facts:
    """Return the facts about the database at `url`, with the options that the portal needs.

    Empty where it is no such address, and nobody is told how it reads: there may be a password in it. A SQLite
    database in memory, which `sqlite://portal.sqlite3` means with its two slashes, is none: it ends with its process.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or (scheme == "sqlite" and not rest.startswith("/")):
        return {}
    try:
        address = Env.db_url_config(url)
    except ValueError:
        return {}
    if address["NAME"] == IN_MEMORY:
        return {}
    return {**address, **(_for_sqlite() if is_sqlite(address) else _for_postgresql(address))}


def _for_sqlite() -> Facts:
    # All four together: any one of them left out brings back "database is locked" under several writers.
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "timeout": 20,
    }
    # To open it costs more than most questions do. Not for long: somebody may put another file in its place.
    return {"CONN_MAX_AGE": 60, "OPTIONS": options}


def _for_postgresql(address: Facts) -> Facts:
    # A server or a peer that has gone must not hold up a worker, whose beat has WORKER_SILENT_SECONDS.
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, **address.get("OPTIONS", {})}
    limits = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=15s"
    options["options"] = f"{limits} {options.get('options', '')}".rstrip()
    return {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
