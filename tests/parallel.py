"""A pytest plugin, loaded before Django's settings: each process of a parallel run has a Redis database of its own.

pytest-django sees to the databases; a sandbox is started for each process anyway. Sessions of tests go where the next
restart of the machine sweeps them away.
"""

import os
import sys
import tempfile
from urllib.parse import urlsplit


def own_redis(url: str, worker: str) -> str:
    """Return the address for the xdist process `worker` ("gw0", "gw1" …): a database number below the given one."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) - 1 - int(worker.removeprefix("gw"))
    if number < 0:
        raise ValueError(f"REDIS_URL leaves no database for {worker}: give a higher number, or use fewer processes.")
    return parts._replace(path=f"/{number}").geturl()


_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker.startswith("gw") and os.environ.get("REDIS_URL"):
    os.environ["REDIS_URL"] = own_redis(os.environ["REDIS_URL"], _worker)

os.environ.setdefault("SESSION_DIR", tempfile.mkdtemp(prefix="portal-test-sessions-"))

# Some machines forbid it. A run starts some hundred Pythons, and each would compile the portal anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
