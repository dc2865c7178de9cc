"""The real `manage.py demo` as a test starts it, with all its processes, wherever they are."""

import os
import re
import shlex
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.processes import MARK, free_port, marked_processes, send
from tests.waiting import until

ROOT: Final = Path(__file__).resolve().parent.parent.parent
READY: Final = "The demo is ready:"
PATIENCE_SECONDS: Final = 300.0  # a first start; only a broken test waits so long
# What a real portal on this machine may be set up with. None of it may be touched, or even be looked at.
FOREIGN: Final = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "",
    "SECRET_KEY_FILE": "/nowhere/key",
    "ENCRYPTION_KEYS": "no key",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "HTTPS": "on",
    "ALLOWED_HOSTS": "portal.example",
    "SESSION_DIR": "/nowhere/sessions",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}


class DemoProcess:
    """Context manager: a demo on the data in `var`/demo; all its processes are gone at the end."""

    def __init__(
        self, var: Path, *options: str, sandbox_port: int | None = None, under_make: bool = False, small: bool = True
    ) -> None:
        self.log = var / f"{uuid.uuid4().hex}.log"
        self.mark = uuid.uuid4().hex
        sandbox_port = free_port() if sandbox_port is None else sandbox_port
        ports = ["--port", str(free_port()), "--sandbox-port", str(sandbox_port)]
        command = [sys.executable, "manage.py", "demo", *(["--small"] if small else []), *ports, *options]
        if under_make:
            recipe = shlex.join([*command, "--until-parent-ends"])
            (var / "Makefile").write_text(f"demo:\n\t@{recipe}\n")
            command = ["make", "-f", str(var / "Makefile"), "demo"]
        with self.log.open("wb") as log, _signals_of_a_terminal():
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **FOREIGN, "VAR_DIR": str(var), MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        send(self.processes(), signal.SIGKILL)
        self._process.wait()

    @property
    def text(self) -> str:
        """The log so far."""
        return self.log.read_text()

    def ready(self) -> Self:
        """Wait until it says that it is."""
        self.says(READY)
        self.says("Start over with")
        return self

    def says(self, words: str) -> None:
        """Wait until the log holds these words."""
        until(lambda: words in self.text or not self.is_alive(), words, PATIENCE_SECONDS)
        assert words in self.text, self.text

    def is_alive(self) -> bool:
        """Tell whether the started process runs."""
        return self._process.poll() is None

    def exit_code(self) -> int:
        """Return it once the started process has ended."""
        return self._process.wait(timeout=PATIENCE_SECONDS)

    def processes(self) -> list[int]:
        """Return the ids of all processes that were ever started by this one and live."""
        return marked_processes(self.mark)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the started process alone."""
        self._process.send_signal(number)

    def kill_part(self, command: str) -> None:
        """SIGKILL the first process of the part whose command line holds `command`."""
        (pid, *_) = [pid for pid in self.processes() if command in _command_line(pid) and pid != self._process.pid]
        os.kill(pid, signal.SIGKILL)

    def leaves_nothing(self) -> None:
        """Wait until no process is left."""
        until(lambda: not self.processes(), f"the end of {self.processes()}")

    @property
    def address(self) -> str:
        """Where the portal is."""
        return self._found(rf"{READY}\s+(\S+)")

    @property
    def sandbox_address(self) -> str:
        """Where the sandbox is."""
        return self._found(r"Sandbox: (\S+),")

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords that it tells, by user name."""
        return dict(re.findall(r"user (\w+) +password (\S+)", self.text))

    def _found(self, pattern: str) -> str:
        found = re.search(pattern, self.text)
        assert found, self.text
        return found[1]


@contextmanager
def _signals_of_a_terminal() -> Iterator[None]:
    """Start nobody who ignores Ctrl-C or a lost terminal: tests in the background, or under nohup, ignore them."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
