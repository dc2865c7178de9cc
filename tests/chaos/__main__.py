"""Let the storm of a seed pass over the portal, then compare it with the sandbox. Exits 1 over any difference."""

import argparse
import logging
import os
import random
import secrets
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet

from clones.demo.environment import FORGOTTEN
from tests.chaos.deployments import postgresql_and_redis, sqlite
from tests.sandbox_process import ROOT, SandboxProcess

SILENT_SECONDS: Final = 4  # longer than the watchdog's pause between two bells; a lease lasts twice as long


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="repeats a plan (a new one)")
    parser.add_argument("--seconds", type=float, default=150, help="how long the storm lasts (%(default)s)")
    parser.add_argument("--jobs", type=int, default=400, help="how many clones are ordered (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where database, logs and diary lie (var/chaos/DEPLOYMENT)")
    return parser.parse_args()


def main() -> int:
    """Set up a deployment, run the storm on it; return the exit code."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = asked.folder or ROOT / "var" / "chaos" / asked.on
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FORGOTTEN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    with ExitStack() as stack:
        on = stack.enter_context(sqlite(folder) if asked.on == "sqlite" else postgresql_and_redis())
        os.environ |= {
            **on.urls,
            "DJANGO_SETTINGS_MODULE": "reseller_portal.settings",
            "VAR_DIR": str(folder),
            "SECRET_KEY": secrets.token_hex(32),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "WORKER_SILENT_SECONDS": str(SILENT_SECONDS),
            "LOG_LEVEL": "INFO",
            "TIME_ZONE": "UTC",
        }
        import django  # noqa: PLC0415  the settings are read from the environment that was just made

        django.setup()
        logging.disable(logging.WARNING)  # this process loses bells while Redis is away, which is what it is here for
        from tests.chaos.run import Run  # noqa: PLC0415  what it imports needs the settings

        sandbox = stack.enter_context(SandboxProcess(folder / "sandbox.sqlite3", "--no-seed", is_strict=True))
        return Run(on, sandbox, folder, asked.seed, asked.seconds, asked.jobs).run()


if __name__ == "__main__":
    sys.exit(main())
