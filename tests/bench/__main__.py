"""Measure the portal on SQLite, or on the PostgreSQL of DATABASE_URL: all sections, or those that are named.

The sections about pages ask a portal with 1,000 and one with 100,000 clones through gunicorn. What is wanted stands
beside what was measured; exits 1 where it is missed.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.bench.databases import scratch_database

FEW, MANY = 1_000, 100_000
SECTIONS: Final = ("live", "pages", "streams", "many", "throughput", "caution", "mapping", "pacing")


def main() -> int:
    """Run the sections; return the exit code."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench")
    arguments.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    sections = arguments.parse_args().sections or SECTIONS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {count: stack.enter_context(scratch_database(folder, str(count))) for count in (FEW, MANY)}
        os.environ |= {"DATABASE_URL": urls[FEW], "SESSION_DIR": str(folder / "sessions")}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reseller_portal.settings")
        import django  # noqa: PLC0415  the settings are read from the environment that was just made

        django.setup()
        from tests.bench.bench import Bench, Site  # noqa: PLC0415  what these import needs the settings
        from tests.bench.serving import serve  # noqa: PLC0415

        def serve_both() -> tuple[Site, Site]:
            few, many = (serve(stack, folder / f"web-{count}.log", count, url) for count, url in urls.items())
            return few, many

        bench = Bench(folder, serve_both)
        print(f"\nOn {urlsplit(urls[FEW]).scheme}")  # noqa: T201
        for section in sections:
            import_module(f"tests.bench.{section}").run(bench)
    print(f"\nNot as wanted: {', '.join(bench.missed) or 'nothing'}.")  # noqa: T201
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
