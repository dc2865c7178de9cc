"""A database that is really away while an answer is in hand: what cost a request is kept, or what is lost is said."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.conf import Conf

from clones.choices import JobStatus
from clones.models import CloneJob, TemplateStore, WorkerBeat
from clones.operations.launch import Order, start_batch
from tests.factories import events_of, fresh
from tests.patience import GIVES_UP
from tests.proxy import Proxy
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker.locks import hold_writes
from tests.worker_process import PATIENT, WorkerProcess, database_url

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

QUICK = 8  # WORKER_SILENT_SECONDS; a lease lasts twice as long


@dataclass
class Scene:
    """A worker over a way to its database that can be cut, and Ecwid's answer to a POST that is held."""

    worker: WorkerProcess
    cut: Callable[[], AbstractContextManager[None]]
    sandbox: SandboxProcess
    job: CloneJob

    def let_the_answer_come(self) -> None:
        self.sandbox.release()
        until(lambda: any(post.delivered for post in self.sandbox.requests(call="clone_start")), "the delivered answer")


@pytest.fixture
def scene(shop: TemplateStore, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Scene]:
    with contextlib.ExitStack() as ends:
        url, cut = database_url(), hold_writes
        if connection.vendor != "sqlite":
            port = int(connection.settings_dict["PORT"])
            proxy = ends.enter_context(contextlib.closing(Proxy(port)))
            url, cut = url.replace(f":{port}/", f":{proxy.port}/"), partial(refused, proxy)
        log = tmp_path / "worker.log"
        variables: dict[str, Any] = {**PATIENT, GIVES_UP: "6", "DATABASE_URL": url}
        worker = ends.enter_context(WorkerProcess(log, silent_seconds=QUICK, **variables))
        sandbox.pause_clones()
        sandbox.fault("hold_after", call="clone_start")
        (job,) = start_batch(Order(shop, ["9001"])).jobs
        sandbox.held(wait=60)
        yield Scene(worker, cut, sandbox, job)
        print(log.read_text())  # noqa: T201  pytest shows it where the test fails


@contextlib.contextmanager
def refused(proxy: Proxy) -> Iterator[None]:
    proxy.refuse()
    yield
    proxy.mend()


def test_a_ticket_outlives_a_database_that_is_away_for_longer_than_a_lease(scene: Scene) -> None:
    with scene.cut():
        scene.let_the_answer_come()
        scene.sandbox.finish(scene.sandbox.log()[0].ticket)  # to ask again would come too late
        away_since = WorkerBeat.objects.get().beat_at
        until(lambda: timezone.now() > away_since + timedelta(seconds=2 * QUICK + 1), "the end of the lease")

    until(lambda: fresh(scene.job).is_terminal, f"the end of {scene.job}")

    assert fresh(scene.job).status == JobStatus.COMPLETED
    assert (JobStatus.SUBMITTING, JobStatus.WAITING) not in events_of(scene.job)
    assert len(scene.sandbox.requests(call="clone_start")) == 1
    assert scene.worker.log.read_text().count("Worker started") == 1


def test_a_worker_that_is_stopped_meanwhile_goes_and_says_which_answers_are_lost(scene: Scene) -> None:
    with scene.cut():
        scene.let_the_answer_come()
        os.kill(scene.worker.pid, signal.SIGTERM)
        assert scene.worker.wait() == 0

    assert scene.worker.processes() == []
    assert f"answers that the database did not take, for jobs {scene.job.pk}." in scene.worker.log.read_text()


def test_django_q2_lets_a_tick_hold_on_to_answers_for_an_hour() -> None:
    assert Conf.TIMEOUT >= 3600
    assert Conf.RETRY > 2 * Conf.TIMEOUT
