"""The portal as it is served: the real gunicorn as a process of its own, on the test's database."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import requests

from tests.processes import Startable, free_port
from tests.waiting import until
from tests.worker_process import ROOT, environment

THREADS = 8


class WebProcess(Startable):
    """Context manager: gunicorn, started and answering; all its processes are gone at the end.

    `variables`: of its environment, where they differ from this test's.
    """

    def __init__(self, log: Path, **variables: str) -> None:
        self.log = log
        self._variables = variables
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The address of the portal, without a slash at its end; the same one after a restart."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers. Does nothing where it runs."""
        if self._process is not None:
            return
        bind = f"127.0.0.1:{self.port}"
        how = ["--config", "reseller_portal/gunicorn.py", "--workers", "1", "--threads", str(THREADS), "--bind", bind]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *how],
                cwd=ROOT,
                env=environment(**{"LOG_LEVEL": "WARNING", **self._variables}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, which can be ended as a whole
            )
        until(self._answers, f"the portal's first answer; its log: {self.log}")

    def kill(self) -> None:
        """SIGKILL all its processes: the connection is lost at once. Does nothing where it does not run."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"gunicorn ended by itself:\n{self.log.read_text()}"
        try:
            return requests.get(f"{self.address}/healthz", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):  # a busy machine takes long to start it
            return False
