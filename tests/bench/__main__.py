"""Measure the pages through gunicorn, with 1,000 and with 100,000 clones, in a database made for it and dropped after.

SQLite, or the PostgreSQL of DATABASE_URL. What is wanted stands beside what was measured; exits 1 where it is missed.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg


@contextmanager
def scratch_database(folder: Path) -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    name = f"portal_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> int:
    """Run it; return the exit code."""
    with tempfile.TemporaryDirectory() as folder, scratch_database(Path(folder)) as url:
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller_portal.settings")
        import django  # noqa: PLC0415  the settings are read from the environment that was just made

        django.setup()
        from tests.bench.pages import run  # noqa: PLC0415  its models need the settings

        return run(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
