"""The real `manage.py worker` as a test starts it, with what it needs to be killed and counted."""

import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F

from clones.models import WorkerBeat
from tests.processes import MARK, Startable, marked_processes, send
from tests.waiting import PATIENCE_SECONDS, until

LONG_AGO = timedelta(hours=1)
PATIENT = {"DJANGO_SETTINGS_MODULE": "tests.patient_settings"}  # of the environment of a worker
ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """Return the test database as DATABASE_URL."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """Return the environment in which `manage.py` sees what this test sees."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        **more,
    }


class WorkerProcess(Startable):
    """Context manager: a worker, started and alive; all its processes are gone at the end."""

    def __init__(self, log: Path, *, silent_seconds: int = 15, q_workers: int = 2, **environment: str) -> None:
        self.log = log
        self.mark = uuid.uuid4().hex
        own = {MARK: self.mark, "WORKER_SILENT_SECONDS": str(silent_seconds), "Q_WORKERS": str(q_workers)}
        self._environment = {**own, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._beats: list[int] = []

    def start(self) -> None:
        """Start it, and wait until a new cluster beats."""
        known = set(WorkerBeat.objects.values_list("pk", flat=True))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env=environment(**self._environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(lambda: self.beaten_since_start(known), f"the worker's first beat; its log: {self.log}")
        self._beats = list(WorkerBeat.objects.exclude(pk__in=known).values_list("pk", flat=True))

    @staticmethod
    def beaten_since_start(known: set[int]) -> bool:
        """Tell whether a cluster that is not in `known` has given a sign of life from inside a tick."""
        rows = WorkerBeat.objects.exclude(pk__in=known)
        return any(row.beat_at != row.started_at for row in rows)

    @property
    def pid(self) -> int:
        """The watchdog's process id."""
        assert self._process is not None
        return self._process.pid

    def processes(self) -> list[int]:
        """Return the ids of all living processes of this worker, whoever their parent is."""
        return marked_processes(self.mark)

    def cluster(self) -> list[int]:
        """Return the processes of the django-q2 cluster: main, sentinel, then the others in order of their start."""
        return [pid for pid in self.processes() if pid != self.pid]

    def kill(self) -> None:
        """SIGKILL every process of the worker at once, and wait until none is left."""
        send(self.processes(), signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        until(lambda: not self.processes(), "the end of all processes")

    def was_killed_long_ago(self) -> None:
        """Pretend that its last sign of life came an hour ago: what it held is free for another worker."""
        beats = WorkerBeat.objects.filter(pk__in=self._beats)
        beats.update(started_at=F("started_at") - LONG_AGO, beat_at=F("beat_at") - LONG_AGO)

    def stop(self) -> int:
        """End it as an operator does, with SIGTERM; return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Return its exit code once it has ended."""
        assert self._process is not None
        return self._process.wait(timeout=PATIENCE_SECONDS)


def manage(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` as a person does, on the test's database."""
    options: dict[str, Any] = {"cwd": ROOT, "env": environment(**more), "capture_output": True, "text": True}
    return subprocess.run([sys.executable, "manage.py", *arguments], check=False, timeout=200, **options)
