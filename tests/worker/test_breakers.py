"""Two real workers over one connection, and Ecwid that wants silence or refuses the key: neither goes on sending."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pytest
from django.utils import timezone

from clones.choices import BlockReason, JobStatus
from clones.engine import budget, caution
from clones.models import CloneJob, Connection, TemplateStore, WorkerBeat
from clones.operations.launch import Order, start_batch
from clones.operations.trial import try_connection
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

TARGETS = [str(9001 + n) for n in range(30)]
SCOPES = ["clone_stores", "create_stores", "read_stores"]


@dataclass
class Scene:
    """Thirty clones, and two workers that both work on them."""

    sandbox: SandboxProcess
    template: TemplateStore

    def launch(self) -> None:
        """Launch all targets in batches so small that nothing of them has to wait for the others' answers."""
        for target in TARGETS:
            self.sandbox.add_store(int(target))
        for first in range(0, len(TARGETS), caution.AT_ONCE):
            start_batch(Order(self.template, TARGETS[first : first + caution.AT_ONCE]))

    def last_request(self) -> int:
        return max((request.id for request in self.sandbox.requests()), default=0)


def beats() -> set[tuple[int, datetime]]:
    return set(WorkerBeat.objects.values_list("pk", "beat_at"))


def both_go_round() -> None:
    """Wait until both workers have been through all of their loop since this was called."""
    for _ in range(2):
        before = beats()
        until(partial(lambda old: not old & beats(), before), "a round of both workers")


def is_stopped(reason: BlockReason) -> bool:
    row = Connection.objects.get()
    return row.is_blocked(timezone.now()) and row.block_reason == reason


def workers_with_a_lease() -> int:
    return len(set(CloneJob.objects.exclude(leased_by=None).values_list("leased_by", flat=True)))


@pytest.fixture
def scene(shop: TemplateStore, sandbox: SandboxProcess, start_worker: Callable[..., WorkerProcess]) -> Scene:
    start_worker()
    start_worker()
    return Scene(sandbox, shop)


def test_a_reached_limit_silences_both_workers_until_it_is_over(scene: Scene) -> None:
    sandbox = scene.sandbox
    sandbox.pause_clones()
    sandbox.fault("hold_after", call="clone_status", times=20)
    scene.launch()
    until(lambda: workers_with_a_lease() == 2, "both workers at work")
    sandbox.clear_faults()
    sandbox.fault("rate_limit", retry_after="6")
    sandbox.release()
    until(lambda: is_stopped(BlockReason.RATE_LIMITED), "the stop")
    both_go_round()
    silent_from = scene.last_request()

    until(lambda: scene.last_request() > silent_from, "the end of the silence")

    later = sandbox.requests(since=silent_from)
    assert [request for request in later if request.http_status == 429] == []


def test_a_refused_key_costs_a_handful_of_requests_and_an_admins_test_sets_it_free(scene: Scene) -> None:
    sandbox = scene.sandbox
    Connection.objects.update(rate_limit=600)
    sandbox.add_app(CLIENT_ID, "revoked", SCOPES)
    sandbox.fault("hold_before", call="clone_start", times=None)
    scene.launch()
    until(lambda: len(sandbox.held(wait=0)) >= budget.MOST_IN_AIR, "all that may be on their way")
    both_go_round()
    on_their_way = len(sandbox.held(wait=0))
    sandbox.clear_faults()
    sandbox.release()
    until(lambda: is_stopped(BlockReason.CREDENTIALS), "the stop")
    until(lambda: not CloneJob.objects.exclude(lease_token="").exists(), "the answers")
    both_go_round()

    assert on_their_way == budget.MOST_IN_AIR
    assert len(sandbox.requests()) <= budget.MOST_IN_AIR
    assert {job.status for job in CloneJob.objects.all()} == {JobStatus.WAITING}
    assert "Application does not exist" in Connection.objects.get().standstill(timezone.now())

    sandbox.add_app(CLIENT_ID, CLIENT_SECRET, SCOPES)
    assert try_connection(Connection.objects.get(), timezone.now()).ok
    until(lambda: CloneJob.objects.filter(status=JobStatus.COMPLETED).exists(), "clones that go on")
