"""Databases beside the test's own one, of either kind: made, looked at as if they were the only one, and dropped."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection, connections

from clones.databases import set_up
from tests.worker_process import database_url


def new_file(folder: Path) -> str:
    """Return the address of an SQLite database that is still to be made."""
    return f"sqlite:///{folder / uuid.uuid4().hex}.sqlite3"


@contextlib.contextmanager
def new_database_of_this_run(folder: Path) -> Iterator[str]:
    """Yield the address of an empty database of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield new_file(folder)
        return
    name = f"test_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield database_url().rpartition("/")[0] + f"/{name}"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def only_database(url: str) -> Iterator[None]:
    """Let this test, and every process that it starts meanwhile, see the database at `url` as the portal's."""
    kept = connections["default"], connections.settings["default"]
    facts = connections.configure_settings({**settings.DATABASES, "default": set_up(url)})["default"]
    connections.settings["default"] = facts
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"], connections.settings["default"] = kept
