"""`manage.py move_database` in the middle of the work: what was begun on SQLite ends in the new database."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from clones.models import Connection, WorkerBeat
from tests.commands.running import snapshot
from tests.other_databases import new_database_of_this_run, new_file, only_database
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker.under_way import UnderWay
from tests.worker_process import manage

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

SILENT = timedelta(seconds=1)


def beats_after(moment: datetime) -> bool:
    return WorkerBeat.objects.filter(beat_at__gt=moment).exists()


def test_clones_that_are_under_way_end_in_the_new_database(sandbox: SandboxProcess, tmp_path: Path) -> None:
    old = new_file(tmp_path)
    with new_database_of_this_run(tmp_path) as new:
        with only_database(old):
            call_command("migrate", verbosity=0)
            scene = UnderWay(sandbox)
            scene.leave(tmp_path)
            before = snapshot()
            until(lambda: not beats_after(timezone.now() - SILENT), "the silence of the worker that was killed")

            ended = manage("move_database", "--to", new, WORKER_SILENT_SECONDS=str(SILENT.seconds))

            assert ended.returncode == 0, ended.stderr
            assert Connection.objects.get().paused_at is not None
        with only_database(new):
            assert snapshot() == before
            scene.go_on(tmp_path)
