"""Measure the portal through gunicorn with 1,000 and with 100,000 clones, each in a database of its own.

SQLite, or the PostgreSQL of DATABASE_URL. What is wanted stands beside what was measured; exits 1 where it is missed.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg

FEW, MANY = 1_000, 100_000
SECTIONS: Final = ("live", "pages", "streams", "pacing")


@contextmanager
def scratch_database(folder: Path, clones: int) -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / f'bench-{clones}.sqlite3'}"
        return
    name = f"portal_bench_{os.getpid()}_{clones}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> int:
    """Run all sections; return the exit code."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {count: stack.enter_context(scratch_database(folder, count)) for count in (FEW, MANY)}
        os.environ |= {"DATABASE_URL": urls[FEW], "SESSION_DIR": str(folder / "sessions")}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller_portal.settings")
        import django  # noqa: PLC0415  the settings are read from the environment that was just made

        django.setup()
        from tests.bench.bench import Bench  # noqa: PLC0415  what these import needs the settings
        from tests.bench.serving import serve  # noqa: PLC0415

        few, many = (serve(stack, folder / f"web-{count}.log", count, url) for count, url in urls.items())
        bench = Bench(few, many)
        print(f"\nThrough gunicorn on {urlsplit(urls[FEW]).scheme}; milliseconds, both portals asked in turn")  # noqa: T201
        for section in SECTIONS:
            import_module(f"tests.bench.{section}").run(bench)
    print(f"\nNot as wanted: {', '.join(bench.missed) or 'nothing'}.")  # noqa: T201
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
