"""Empty databases to measure in, of the kind that the whole run is about."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg


@contextmanager
def scratch_database(folder: Path, name: str) -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database: a file in `folder`, or one on the PostgreSQL of DATABASE_URL."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / f'bench-{name}.sqlite3'}"
        return
    name = f"portal_bench_{os.getpid()}_{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
