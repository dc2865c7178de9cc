"""The portals that are looked at: the demo, and one in which nobody has done anything yet."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from tests.demo.demo_process import FOREIGN, ROOT, DemoProcess
from tests.processes import free_port
from tests.waiting import until

_PEOPLE: Final = "import json; from clones.demo.people import add_people; print(json.dumps(add_people()))"


@contextmanager
def demo(var: Path) -> Iterator[DemoProcess]:
    """Yield a demo in its first minutes."""
    with DemoProcess(var, "--reset", small=False) as process:
        yield process.ready()


@contextmanager
def empty_portal(var: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the address of a portal with two users and nothing else, and their passwords by name."""
    port = str(free_port())
    surroundings = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    surroundings |= {"VAR_DIR": str(var), "PORT": port, "LOG_LEVEL": "WARNING"}
    _manage(surroundings, "migrate", "--verbosity", "0")
    accounts: dict[str, str] = json.loads(_manage(surroundings, "shell", "-v", "0", "-c", _PEOPLE).splitlines()[-1])
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "reseller_portal/gunicorn.py", "--workers", "1"],
        cwd=ROOT,
        env=surroundings,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), "the empty portal's first answer")
        yield f"http://127.0.0.1:{port}", accounts
    finally:
        web.terminate()
        web.wait()


def _manage(surroundings: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=surroundings, check=True, stdout=subprocess.PIPE, text=True).stdout


def _answers(port: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
