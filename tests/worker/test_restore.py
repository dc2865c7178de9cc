"""An older backup is put back: what ran meanwhile is taken up again, and nothing is sent twice."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.engine import mark
from clones.models import CloneEvent, CloneJob, Connection, WorkerBeat
from clones.operations.cancel import cancel_jobs
from tests.factories import fresh
from tests.mappings import logged_mapping, stored_mapping
from tests.other_databases import new_database_of_this_run, only_database
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker.under_way import FOR_EVER, UnderWay, reaches
from tests.worker_process import WorkerProcess, database_url, manage

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def back_up(url: str) -> None:
    """Copy the database to `url` as `docs/operations.md` tells, while the portal runs."""
    if connection.vendor == "sqlite":
        there = sqlite3.connect(url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as here, closing(there):
            here.backup(there)
    else:
        dump = subprocess.run(["pg_dump", database_url()], check=True, capture_output=True).stdout
        subprocess.run(["psql", "--quiet", "--set", "ON_ERROR_STOP=1", url], check=True, input=dump, stdout=-3)


def ticket(job: CloneJob) -> str:
    return until(lambda: fresh(job).ticket, f"the ticket of {job}")


def end(sandbox: SandboxProcess, *jobs: CloneJob) -> None:
    for job in jobs:
        sandbox.finish(ticket(job))
        reaches(job, JobStatus.COMPLETED)


@dataclass(frozen=True)
class Jobs:
    """What became of each after the backup, which knows a ticket of the first and calls the others waiting."""

    followed: CloneJob
    runs: CloneJob
    ran: CloneJob
    settings_ran: CloneJob
    never_sent: CloneJob


def work_and_back_up(sandbox: SandboxProcess, backup: str) -> Jobs:
    """Let a worker clone, with a backup made in the middle."""
    scene = UnderWay(sandbox)
    reaches(scene.launch(), JobStatus.COMPLETED)
    sandbox.pace(queued_seconds=FOR_EVER)
    followed = scene.launch()
    ticket(followed)
    Connection.objects.update(paused_at=timezone.now())
    jobs = Jobs(followed, scene.launch(), scene.launch(), scene.launch(CloneScope.STORE_SETTINGS), scene.launch())
    back_up(backup)
    cancel_jobs([jobs.never_sent])
    Connection.objects.update(paused_at=None)
    end(sandbox, jobs.followed, jobs.ran, jobs.settings_ran)
    ticket(jobs.runs)
    until(lambda: mark.seen() == CloneEvent.objects.latest("pk").pk, "the mark")
    return jobs


def assert_lost(job: CloneJob) -> None:
    reaches(job, JobStatus.FAILED)
    assert fresh(job).failure_kind == FailureKind.RESULT_LOST


@pytest.fixture
def restored(sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Jobs]:
    """The portal, broken down and back from an older backup, with an hour gone by."""
    with new_database_of_this_run(tmp_path) as live, new_database_of_this_run(tmp_path) as backup:
        with only_database(live):
            call_command("migrate", verbosity=0)
            with WorkerProcess(tmp_path / "first.log"):
                jobs = work_and_back_up(sandbox, backup)
        with only_database(backup):
            Connection.objects.update(paused_at=None)
            WorkerBeat.objects.update(beat_at=timezone.now() - timedelta(hours=1))
            yield jobs


def test_what_a_backup_does_not_know_is_found_out_and_nothing_is_sent_twice(
    restored: Jobs, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    refused = manage("worker")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "a backup was put back" in refused.stderr
    assert manage("after_restore").returncode == 0

    with WorkerProcess(tmp_path / "second.log"):
        reaches(restored.followed, JobStatus.COMPLETED)
        end(sandbox, restored.runs, restored.never_sent)
        assert_lost(restored.ran)
        assert_lost(restored.settings_ran)

    for job in (restored.followed, restored.runs, restored.never_sent):
        assert stored_mapping(job) == logged_mapping(sandbox, fresh(job).ticket) != {}
    assert len({clone.target for clone in sandbox.log()}) == len(sandbox.log()) == 6
