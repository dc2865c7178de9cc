"""The real worker and whole batches: the rest follows its canary, is held, and every batch ends, kills or not."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import transaction

from clones.choices import CreationStatus, FailureKind, HoldReason, JobStatus
from clones.models import Batch, CloneJob, Connection, StoreCreation, TemplateStore
from clones.operations.holding import cancel_rest, continue_batch
from clones.operations.launch import Order, start_batch
from clones.operations.retry import retry_batch
from tests.batch_shapes import storeless
from tests.factories import BatchFactory, fresh
from tests.sandbox_process import SandboxProcess
from tests.scale import variants
from tests.waiting import until
from tests.worker.locks import refuse_reviews
from tests.worker_process import WorkerProcess

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

REFUSED = {"refusal": "TARGET_NOT_ALLOWED_TO_CLONE"}


@dataclass
class Scene:
    """A template at the sandbox, and stores to clone it into."""

    sandbox: SandboxProcess
    template: TemplateStore

    def launch(self, count: int, *, canary: bool = False, refuses: Callable[[int], bool] = lambda _: False) -> Batch:
        """Launch a batch into stores of which some refuse."""
        numbers = range(9001, 9001 + count)
        for place, number in enumerate(numbers):
            self.sandbox.add_store(number, **(REFUSED if refuses(place) else {}))
        with transaction.atomic():
            batch = start_batch(Order(self.template, [str(number) for number in numbers])).batch
            assert batch is not None
            if canary:
                Batch.objects.update(canary=True)
                CloneJob.objects.exclude(target__store_id="9001").update(next_action_at=None)
        return batch

    def asked_for(self) -> list[str]:
        """Return the targets that Ecwid was asked to clone into, in that order."""
        return [request.target for request in self.sandbox.requests(call="clone_start")]


@pytest.fixture
def scene(shop: TemplateStore, sandbox: SandboxProcess) -> Scene:
    return Scene(sandbox, shop)


def now(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def statuses(batch: Batch) -> list[str]:
    return list(batch.jobs.order_by("pk").values_list("status", flat=True))


def test_the_rest_follows_a_canary_that_ended_well(scene: Scene, start_worker: Callable[[], WorkerProcess]) -> None:
    batch = scene.launch(4, canary=True)
    start_worker()

    until(lambda: now(batch).ended_at, "the end of the batch")

    assert statuses(batch) == [JobStatus.COMPLETED] * 4
    first, *rest = sorted(scene.sandbox.log(), key=lambda clone: clone.target)
    assert all(first.finished_at and clone.accepted_at > first.finished_at for clone in rest)


def test_a_canary_that_ended_badly_holds_the_rest_until_a_person_says_so(
    scene: Scene, start_worker: Callable[[], WorkerProcess]
) -> None:
    batch = scene.launch(4, canary=True, refuses=lambda place: place == 0)
    start_worker()

    until(lambda: now(batch).held_since, "the hold")
    assert now(batch).hold_reason == HoldReason.CANARY
    assert scene.asked_for() == ["9001"]

    continue_batch(batch)
    until(lambda: now(batch).ended_at, "the end of the batch")
    assert statuses(batch) == [JobStatus.FAILED, *[JobStatus.COMPLETED] * 3]


class TestFiveEqualFailures:
    @pytest.fixture
    def held(self, scene: Scene, start_worker: Callable[[], WorkerProcess]) -> Batch:
        """Launch a batch of thirty that all refuse, over a connection that sends one request a second."""
        Connection.objects.update(rate_limit=60)
        batch = scene.launch(30, refuses=lambda _: True)
        start_worker()
        until(lambda: now(batch).held_since, "the hold")
        until(lambda: not CloneJob.objects.exclude(lease_token="").exists(), "all answers")
        return batch

    def test_they_hold_what_was_not_sent(self, scene: Scene, held: Batch) -> None:
        sent = held.jobs.filter(status=JobStatus.FAILED).count()

        assert now(held).hold_reason == HoldReason.SAME_FAILURES
        assert 5 <= sent < 30
        assert len(scene.asked_for()) == sent
        assert set(held.jobs.values_list("status", "next_action_at")) == {
            (JobStatus.FAILED, None),
            (JobStatus.WAITING, None),
        }

    def test_continue_sends_the_rest(self, scene: Scene, held: Batch) -> None:
        failed = held.jobs.filter(status=JobStatus.FAILED).count()
        for job in held.jobs.filter(status=JobStatus.WAITING).select_related("target"):
            scene.sandbox.add_store(int(job.target.store_id))
        Connection.objects.update(rate_limit=6000)

        continue_batch(held)
        until(lambda: now(held).ended_at, "the end of the batch")

        assert sorted(statuses(held)) == [JobStatus.COMPLETED] * (30 - failed) + [JobStatus.FAILED] * failed

    def test_canceling_the_rest_ends_the_batch(self, scene: Scene, held: Batch) -> None:
        asked_for = scene.asked_for()

        canceled = cancel_rest(held).canceled
        until(lambda: now(held).ended_at, "the end of the batch")

        assert len(canceled) + len(asked_for) == 30
        assert scene.asked_for() == asked_for


def test_stores_to_be_created_follow_the_canarys_too(scene: Scene, start_worker: Callable[[], WorkerProcess]) -> None:
    batch = BatchFactory.create(template=scene.template, canary=True)
    first, *rest = (storeless(batch, email=f"owner-{place}@new.example.com") for place in range(3))
    StoreCreation.objects.filter(target__in=[job.target for job in rest]).update(next_action_at=None)
    start_worker()

    until(lambda: now(batch).ended_at, "the end of the batch")

    assert statuses(batch) == [JobStatus.COMPLETED] * 3
    first_end = min(clone.finished_at for clone in scene.sandbox.log() if clone.finished_at)
    asked = [request.at for request in scene.sandbox.requests(call="store_create")]
    assert len(asked) == 3
    assert asked[0] < first_end < min(asked[1:])  # those two at once, in any order
    assert scene.asked_for()[0] == fresh(first).target.store_id


def test_a_store_that_could_not_be_created_is_created_and_cloned_into_by_a_retry(
    scene: Scene, start_worker: Callable[[], WorkerProcess]
) -> None:
    batch = BatchFactory.create(template=scene.template)
    job = storeless(batch, email="ann@new.example.com")
    scene.sandbox.fault("error", call="store_create", error_code="CONSTRAINT_VIOLATION", times=1)
    start_worker()
    until(lambda: now(batch).ended_at, "the end of the batch")
    assert fresh(job).failure_kind == FailureKind.NO_STORE

    (new,) = retry_batch(batch).jobs
    until(lambda: now(new.batch).ended_at, "the end of the retry")

    (store,) = scene.sandbox.stores(email="ann@new.example.com")
    assert (fresh(new).status, fresh(new).target.store_id) == (JobStatus.COMPLETED, str(store["id"]))
    assert [creation.status for creation in job.target.creations.all()] == [
        CreationStatus.FAILED,
        CreationStatus.CREATED,
    ]


@pytest.mark.parametrize("count", variants(1, [3]))
def test_killed_between_the_end_of_a_clone_and_the_review(
    scene: Scene, start_worker: Callable[..., WorkerProcess], count: int
) -> None:
    """Of one clone, so that nothing is active any more afterwards; or of a canary, for which two others wait."""
    batch = scene.launch(count, canary=count > 1)
    with refuse_reviews():
        worker = start_worker()
        until(lambda: statuses(batch)[0] == JobStatus.COMPLETED, "the clone's end")
        worker.kill()
    worker.was_killed_long_ago()
    assert (now(batch).released_at, now(batch).ended_at) == (None, None)

    start_worker()
    until(lambda: now(batch).ended_at, "the end of the batch")

    assert statuses(batch) == [JobStatus.COMPLETED] * count
    assert len(scene.sandbox.log()) == count
