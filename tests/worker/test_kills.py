"""SIGKILL of the whole worker at named points, each placed by what the sandbox holds back: nothing lost or doubled."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from os import kill

import pytest

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.models import CloneJob, TemplateStore
from clones.operations.launch import Order, start_batch
from tests.factories import columns, fresh
from tests.mappings import logged_mapping, stored_mapping
from tests.sandbox_process import HeldAnswer, SandboxProcess
from tests.waiting import until
from tests.worker.locks import hold_writes, stall_mapping_at
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@dataclass
class Scene:
    """A clone of template 1001 into 9001 at the sandbox, run by a worker that will be killed."""

    sandbox: SandboxProcess
    template: TemplateStore
    start_worker: Callable[..., WorkerProcess]
    worker: WorkerProcess

    def launch(self, scope: CloneScope = CloneScope.ALL) -> CloneJob:
        return start_batch(Order(self.template, ["9001"], scope)).jobs[0]

    def held(self) -> HeldAnswer:
        (held,) = self.sandbox.held(wait=60)
        return held

    def delivered(self, call: str) -> int:
        return sum(request.delivered for request in self.sandbox.requests(call=call))

    def kill_and_start_another(self) -> None:
        self.worker.kill()
        self.worker.was_killed_long_ago()
        self.sandbox.clear_faults()
        self.sandbox.release()
        self.worker = self.start_worker()

    def status(self, job: CloneJob) -> str:
        return str(columns(job, "status")["status"])

    def goes_on_with_a_ticket(self, job: CloneJob) -> None:
        """Let the paused clones move once the portal has learned the job's ticket."""
        until(lambda: self.status(job) == JobStatus.QUEUED, "the ticket")
        self.sandbox.resume_clones()

    def ended(self, job: CloneJob) -> CloneJob:
        until(lambda: fresh(job).is_terminal, f"the end of {job}")
        return fresh(job)


@pytest.fixture
def scene(shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]) -> Scene:
    return Scene(sandbox, shop, start_worker, start_worker())


def assert_cloned_once(scene: Scene, job: CloneJob) -> None:
    """The sandbox ran one clone, the portal says so, and both hold the same mapping."""
    row = scene.ended(job)
    (logged,) = scene.sandbox.log()
    assert (row.status, row.ticket) == (JobStatus.COMPLETED, logged.ticket)
    assert stored_mapping(job) == logged_mapping(scene.sandbox, logged.ticket) != {}


def test_killed_before_anything_was_sent(scene: Scene) -> None:
    scene.worker.kill()
    job = scene.launch()

    scene.kill_and_start_another()

    assert_cloned_once(scene, job)


def test_killed_when_the_post_has_arrived_and_is_worked_on_only_afterwards(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("hold_before", call="clone_start")
    job = scene.launch()
    scene.held()
    assert scene.status(job) == JobStatus.SUBMITTING

    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)


def test_killed_when_the_post_was_dropped_before_any_work(scene: Scene) -> None:
    scene.sandbox.fault("drop_before", call="clone_start")
    scene.sandbox.fault("hold_before", call="clone_start")
    job = scene.launch()
    scene.held()

    scene.sandbox.pause_clones()
    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)


def test_killed_after_the_post_and_before_its_answer(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("hold_after", call="clone_start")
    job = scene.launch()
    scene.held()

    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)
    assert "Found again" in "".join(job.events.values_list("note", flat=True))


def test_killed_in_the_middle_of_the_posts_answer(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("hold_midway", call="clone_start")
    job = scene.launch()
    scene.held()

    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)


def test_killed_before_the_posts_answer_and_the_clone_ended_meanwhile(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("hold_after", call="clone_start")
    job = scene.launch()
    scene.held()
    scene.worker.kill()
    (logged,) = scene.sandbox.log()
    scene.sandbox.finish(logged.ticket)

    scene.kill_and_start_another()

    row = scene.ended(job)
    assert (row.status, row.failure_kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)
    assert row.error_code == "TARGET_PRODUCTS_NOT_EMPTY"
    assert [clone.status for clone in scene.sandbox.log()] == ["COMPLETED"]
    assert stored_mapping(job) == {}


def test_killed_after_the_posts_answer_and_before_the_commit(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("hold_after", call="clone_start")
    job = scene.launch()
    scene.held()
    with hold_writes():
        scene.sandbox.release()
        until(lambda: scene.delivered("clone_start"), "the delivered answer")
        scene.worker.kill()
    assert columns(job, "status", "ticket") == {"status": JobStatus.SUBMITTING, "ticket": ""}

    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)


def test_killed_between_two_looks(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    job = scene.launch()
    until(lambda: len(scene.sandbox.requests(call="clone_status")) >= 2, "two looks")

    scene.kill_and_start_another()
    scene.sandbox.resume_clones()

    assert_cloned_once(scene, job)


def test_killed_during_a_look(scene: Scene) -> None:
    scene.sandbox.fault("hold_before", call="clone_status")
    job = scene.launch()
    scene.held()

    scene.kill_and_start_another()

    assert_cloned_once(scene, job)


def test_killed_in_the_middle_of_the_mappings_answer(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    job = scene.launch()
    until(lambda: scene.status(job) == JobStatus.QUEUED, "the ticket")
    scene.sandbox.fault("hold_midway", call="clone_status", times=None)
    scene.held()
    scene.sandbox.clear_faults()
    scene.sandbox.finish(fresh(job).ticket)
    scene.sandbox.fault("hold_midway", call="clone_status")
    scene.sandbox.release()
    scene.held()

    scene.kill_and_start_another()

    assert_cloned_once(scene, job)


def test_killed_with_the_mapping_in_hand_and_before_its_transaction(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    job = scene.launch()
    until(lambda: scene.status(job) == JobStatus.QUEUED, "the ticket")
    scene.sandbox.fault("hold_before", call="clone_status")
    scene.held()
    scene.sandbox.finish(fresh(job).ticket)
    looks = scene.delivered("clone_status")
    with hold_writes():
        scene.sandbox.release()
        until(lambda: scene.delivered("clone_status") > looks, "the delivered mapping")
        scene.worker.kill()
    assert not fresh(job).is_terminal

    scene.kill_and_start_another()

    assert_cloned_once(scene, job)


def test_killed_during_the_mappings_write(scene: Scene) -> None:
    with stall_mapping_at(row=20) as stalled:
        job = scene.launch()
        until(lambda: fresh(job).ticket, "the ticket")  # without it, to ask again would come too late
        until(stalled, "the write that stalls in the middle of the mapping")
        scene.worker.kill()
    assert (fresh(job).is_terminal, stored_mapping(job)) == (False, {})

    scene.kill_and_start_another()

    assert_cloned_once(scene, job)


def test_killed_after_the_end_changes_nothing(scene: Scene) -> None:
    job = scene.launch()
    before = scene.ended(job)

    scene.kill_and_start_another()
    again = start_batch(Order(scene.template, ["9001"])).jobs[0]

    assert_cloned_once_and_refused_then(scene, before, again)


def assert_cloned_once_and_refused_then(scene: Scene, first: CloneJob, second: CloneJob) -> None:
    assert scene.ended(second).error_code == "TARGET_PRODUCTS_NOT_EMPTY"
    assert fresh(first).finished_at == first.finished_at
    assert_cloned_once(scene, first)


def test_settings_whose_answer_was_lost_are_asked_for_again_at_once(scene: Scene) -> None:
    scene.sandbox.pause_clones()
    scene.sandbox.fault("drop_after", call="clone_start")
    job = scene.launch(CloneScope.STORE_SETTINGS)
    scene.goes_on_with_a_ticket(job)

    row = scene.ended(job)

    assert row.status == JobStatus.COMPLETED
    assert "Only settings" in row.mapping_note
    assert len(scene.sandbox.log()) == 1


def test_the_watchdogs_own_death_takes_the_cluster_along(scene: Scene) -> None:
    scene.sandbox.pause_clones()  # the POST may have left: its clone must not end before somebody asks again
    job = scene.launch()
    kill(scene.worker.pid, signal.SIGKILL)

    until(lambda: not scene.worker.processes(), "the end of the orphaned cluster")
    scene.kill_and_start_another()
    scene.goes_on_with_a_ticket(job)

    assert_cloned_once(scene, job)
