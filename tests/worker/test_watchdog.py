"""The worker as an operator has it: it mends itself, stops when told to, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clones.choices import JobStatus
from clones.engine import bell, database, tick, watchdog
from clones.models import CloneJob, TemplateStore, WorkerBeat
from clones.operations.launch import Order, start_batch
from tests.factories import columns, fresh
from tests.patience import GIVES_UP
from tests.sandbox_process import SandboxProcess
from tests.scale import at_scale, variants
from tests.waiting import until
from tests.worker.locks import hold_writes
from tests.worker_process import PATIENT, ROOT, WorkerProcess, environment

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


SILENT_SECONDS = 8  # sooner than 15, and so long that a busy machine does not make a worker silent


def launch(template: TemplateStore, target: str = "9001") -> CloneJob:
    return start_batch(Order(template, [target])).jobs[0]


def launch_and_hold_its_answer(template: TemplateStore, sandbox: SandboxProcess) -> CloneJob:
    """Return a job whose clone was accepted and stands still, while the worker waits for the answer to its POST."""
    sandbox.pause_clones()
    sandbox.fault("hold_after", call="clone_start")
    job = launch(template)
    sandbox.held(wait=60)
    return job


def completes(job: CloneJob) -> bool:
    return until(lambda: fresh(job).is_terminal, f"the end of {job}") and fresh(job).is_completed


# django-q2 starts them in this order.
PROCESSES = ["main", "sentinel", "worker 1", "worker 2", "monitor", "pusher"]


@pytest.mark.parametrize("process", [*PROCESSES[:2], *variants(PROCESSES[2], PROCESSES[3:])])
def test_the_death_of_any_process_of_an_idle_cluster_is_mended(
    process: str, shop: TemplateStore, start_worker: Callable[..., WorkerProcess]
) -> None:
    worker = start_worker()
    until(lambda: len(worker.cluster()) == len(PROCESSES), "all processes of the cluster")
    victim = worker.cluster()[PROCESSES.index(process)]

    os.kill(victim, signal.SIGKILL)
    job = launch(shop)

    assert completes(job)
    until(lambda: len(worker.cluster()) == len(PROCESSES), "a whole cluster again")
    assert victim not in worker.processes()


@at_scale
def test_a_process_that_the_sentinel_does_not_replace_costs_the_cluster_its_life(
    shop: TemplateStore, start_worker: Callable[..., WorkerProcess]
) -> None:
    # A worker that dies with the lock of its timer in hand leaves a sentinel that waits for ever.
    worker = start_worker()
    until(lambda: len(worker.cluster()) == len(PROCESSES), "all processes of the cluster")
    before = worker.cluster()

    os.kill(before[PROCESSES.index("sentinel")], signal.SIGSTOP)
    os.kill(before[PROCESSES.index("worker 1")], signal.SIGKILL)

    until(lambda: not set(before) & set(worker.processes()), "the end of the broken cluster")
    assert completes(launch(shop))


def test_the_pauses_on_the_way_to_a_stop_add_up_to_less_than_ten_seconds() -> None:
    a_try_in_vain = database.SHORT_WAIT_SECONDS + tick.DATABASE_GONE_SECONDS

    assert tick.LOOK_EVERY_SECONDS + tick.STOP_SECONDS + 1 < watchdog.STOP_GRACE_SECONDS
    assert a_try_in_vain + tick.STOP_SECONDS + a_try_in_vain < watchdog.STOP_GRACE_SECONDS
    assert a_try_in_vain + watchdog.CHECK_EVERY_SECONDS + watchdog.STOP_GRACE_SECONDS < 9


def test_the_pauses_on_the_way_to_another_cluster_add_up_to_less_than_half_a_minute() -> None:
    noticed = settings.WORKER_SILENT_SECONDS + watchdog.RING_EVERY_SECONDS + watchdog.CHECK_EVERY_SECONDS

    assert noticed + watchdog.RESTART_PAUSE_SECONDS < 20  # the other ten are for the start


def test_told_to_stop_it_leaves_nothing(start_worker: Callable[..., WorkerProcess]) -> None:
    worker = start_worker()

    assert worker.stop() == 0

    assert worker.processes() == []
    assert not WorkerBeat.objects.alive(timezone.now()).exists()
    assert "Worker stopped." in worker.log.read_text()


def test_told_to_stop_it_gives_a_post_in_the_air_back_as_unanswered(
    shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    worker = start_worker(**PATIENT, **{GIVES_UP: "0.5"})
    job = launch_and_hold_its_answer(shop, sandbox)

    assert worker.stop() == 0

    row = columns(job, "status", "lease_token", "unanswered_since")
    assert (row["status"], row["lease_token"]) == (JobStatus.WAITING, "")
    assert row["unanswered_since"] is not None
    assert worker.processes() == []


def test_told_to_stop_it_lets_an_answer_that_comes_soon_come_in(
    shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    worker = start_worker(**PATIENT)  # so that "soon" is no matter of the machine
    job = launch_and_hold_its_answer(shop, sandbox)

    os.kill(worker.pid, signal.SIGTERM)
    until(lambda: WorkerBeat.objects.get().seat_token == "", "the seat that is given up")
    sandbox.release()
    assert worker.wait() == 0

    assert columns(job, "status", "unanswered_since") == {"status": JobStatus.QUEUED, "unanswered_since": None}


def test_ctrl_c_stops_it_too(start_worker: Callable[..., WorkerProcess]) -> None:
    worker = start_worker()

    os.kill(worker.pid, signal.SIGINT)

    until(lambda: not worker.processes(), "the end of all processes")


def test_work_that_no_bell_was_rung_for_is_seen(
    shop: TemplateStore, start_worker: Callable[..., WorkerProcess]
) -> None:
    start_worker(REDIS_URL="")  # with one, a tick stays although it is idle
    until(lambda: WorkerBeat.objects.get().seat_token == "", "an idle worker")
    beat = WorkerBeat.objects.filter(pk=WorkerBeat.objects.get().pk)  # the worker may give itself another one meanwhile
    beat.update(queue="nobody listens here")
    job = launch(shop)
    beat.update(queue=bell.DEFAULT_QUEUE)

    assert completes(job)


def test_a_plain_qcluster_works_too(shop: TemplateStore) -> None:
    command = [sys.executable, "manage.py", "qcluster"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True) as cluster:
        job = launch(shop)
        try:
            assert completes(job)
        finally:
            os.killpg(cluster.pid, signal.SIGKILL)


def test_a_worker_is_not_replaced_for_a_database_that_took_no_writes(
    shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]
) -> None:
    # What is in its hands would be lost with it: here the only answer to a clone that ends meanwhile.
    worker = start_worker(silent_seconds=SILENT_SECONDS)
    job = launch_and_hold_its_answer(shop, sandbox)

    with hold_writes():
        sandbox.release()
        sandbox.finish(sandbox.log()[0].ticket)
        silent_since = WorkerBeat.objects.get().beat_at
        until(lambda: timezone.now() > silent_since + timedelta(seconds=SILENT_SECONDS + 2), "a long silence")

    assert completes(job)
    assert worker.log.read_text().count("Worker started") == 1
