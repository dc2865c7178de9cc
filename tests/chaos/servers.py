"""A PostgreSQL and a Redis that belong to one run: free ports, a folder that goes with them, restarted at will."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.processes import Startable, free_port
from tests.waiting import until

INSTALL: Final = "Install it with: sudo apt-get install postgresql redis-server"
SETTINGS: Final = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200"


class PostgresServer:
    """Context manager: a PostgreSQL with an empty database `portal`, run by a user that is not root."""

    def __init__(self) -> None:
        self.port = free_port()
        self._programs = _postgresql_programs()
        self._folder = Path()

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="portal-chaos-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, *_unprivileged())
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "portal")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._run(
            "pg_ctl", "start", "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", f"-p {self.port} {SETTINGS}"
        )

    def stop(self, mode: str) -> None:
        """Stop it: `fast` ends all sessions in order, `immediate` is a crash."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's owner. What it says is shown where it fails."""
        how: dict[str, Any] = {"cwd": self._folder, "env": {**os.environ, "PGDATA": str(self._data)}}
        if os.geteuid() == 0:
            user, group = _unprivileged()
            how |= {"user": user, "group": group, "extra_groups": []}
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **how,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()}")


class RedisServer(Startable):
    """Context manager: a Redis that keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("redis-server")
        if program is None:
            sys.exit(f"Redis is needed. {INSTALL}")
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(command, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL)
        until(self._listens, "Redis")

    def kill(self) -> None:
        """End it with SIGKILL. Does nothing where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _postgresql_programs() -> Path:
    """Return the folder of PostgreSQL's programs; end with a sentence where there are none."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not newest:
        sys.exit(f"PostgreSQL is needed. {INSTALL}")
    return newest[-1].parent


def _unprivileged() -> tuple[str, int]:
    """Return who owns the server where we are root: PostgreSQL refuses to run as root."""
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = names.get("postgres") or names["nobody"]
    return owner.pw_name, owner.pw_gid
