"""What `start_batch` makes of an order. Launches at the same instant: `test_launches_at_once`."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from clones.choices import ACTIVE, TERMINAL, CloneScope, JobStatus
from clones.models import Batch, CloneEvent, CloneJob, TargetStore, TemplateStore, WorkerBeat
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Order, start_batch
from tests.factories import CloneJobFactory, TargetStoreFactory, TemplateStoreFactory, events_of, fresh
from tests.operations.conftest import bells

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1003")


def busy_target(template: TemplateStore, store_id: str, status: JobStatus = JobStatus.IN_PROGRESS) -> CloneJob:
    target = TargetStoreFactory.create(connection=template.connection, store_id=store_id)
    return CloneJobFactory.create(batch__template=template, target=target, status=status)


def made_for(jobs: list[CloneJob]) -> list[str]:
    return [job.target.store_id for job in jobs]


def everything() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Batch, CloneJob, CloneEvent, TargetStore))


def test_every_target_gets_a_waiting_job_that_is_due(template: TemplateStore) -> None:
    launch = start_batch(Order(template, ["9001", "9002"]))

    assert launch.batch is not None
    rows = [fresh(job) for job in launch.jobs]
    assert [row.batch_id for row in rows] == [launch.batch.pk] * 2
    assert {row.status for row in rows} == {JobStatus.WAITING}
    assert CloneJob.objects.due(timezone.now()).count() == 2


def test_even_one_store_makes_a_batch(template: TemplateStore) -> None:
    start_batch(Order(template, ["9001"]))

    assert Batch.objects.get().jobs.count() == 1


def test_the_jobs_have_what_was_ordered(template: TemplateStore) -> None:
    user = User.objects.create_user("rita")

    launch = start_batch(Order(template, ["9001"], CloneScope.CATALOG, clone_demo_catalog=True, name="Spring"), user)

    row = fresh(launch.jobs[0])
    assert (row.template, row.connection) == (template, template.connection)
    assert (row.scope, row.clone_demo_catalog, row.created_by) == (CloneScope.CATALOG, True, user)
    assert (row.batch.name, row.batch.scope, row.batch.created_by) == ("Spring", CloneScope.CATALOG, user)


def test_the_history_begins_with_who_asked(template: TemplateStore) -> None:
    user = User.objects.create_user("rita")

    (job,) = start_batch(Order(template, ["9001"]), user).jobs

    assert events_of(job) == [("", JobStatus.WAITING)]
    assert job.events.get().actor == user


def test_a_store_named_twice_is_cloned_into_once(template: TemplateStore) -> None:
    launch = start_batch(Order(template, ["9001", " 9001 ", "9001"]))

    assert made_for(launch.jobs) == ["9001"]


def test_the_order_of_the_targets_is_kept(template: TemplateStore) -> None:
    asked = ["9003", "9001", "90010", "9002"]

    launch = start_batch(Order(template, asked))

    assert made_for(launch.jobs) == asked
    assert made_for(list(CloneJob.objects.order_by("pk").select_related("target"))) == asked


def test_a_target_that_is_known_is_not_made_again(template: TemplateStore) -> None:
    known = TargetStoreFactory.create(connection=template.connection, store_id="9001")

    (job,) = start_batch(Order(template, ["9001"])).jobs

    assert job.target == known


@pytest.mark.parametrize("status", ACTIVE)
def test_a_busy_target_is_left_out_and_named(template: TemplateStore, status: JobStatus) -> None:
    holder = busy_target(template, "9002", status)

    launch = start_batch(Order(template, ["9001", "9002", "9003"]))

    assert made_for(launch.jobs) == ["9001", "9003"]
    assert launch.busy == [holder]
    assert made_for(launch.busy) == ["9002"]


@pytest.mark.parametrize("status", TERMINAL)
def test_a_clone_that_has_ended_does_not_keep_a_target_busy(template: TemplateStore, status: JobStatus) -> None:
    busy_target(template, "9001", status)

    launch = start_batch(Order(template, ["9001"]))

    assert (made_for(launch.jobs), launch.busy) == (["9001"], [])


def test_nothing_is_made_where_every_target_is_busy(template: TemplateStore) -> None:
    holders = [busy_target(template, "9001"), busy_target(template, "9002", JobStatus.WAITING)]
    before = everything()

    launch = start_batch(Order(template, ["9001", "9002"]))

    assert (launch.batch, launch.jobs) == (None, [])
    assert {job.pk for job in launch.busy} == {job.pk for job in holders}
    assert everything() == before


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([], id="none at all"),
        pytest.param([""], id="an empty one"),
        pytest.param(["9001", "9002x"], id="letters"),
        pytest.param(["9001", "09002"], id="a leading zero"),
        pytest.param(["9001", "٩٠٠٢"], id="digits that are not ASCII"),
        pytest.param(["9001", "-9002"], id="negative"),
        pytest.param(["9001", "1003"], id="the template itself"),
        pytest.param(["9001", "1004"], id="another template"),
        pytest.param(["9001", "1005"], id="an archived template"),
    ],
)
def test_an_order_that_is_wrong_in_one_place_makes_nothing(template: TemplateStore, wrong: list[str]) -> None:
    TemplateStoreFactory.create(connection=template.connection, store_id="1004")
    TemplateStoreFactory.create(connection=template.connection, store_id="1005", archived_at=timezone.now())
    before = everything()

    with pytest.raises(InvalidRequestError):
        start_batch(Order(template, wrong))

    assert everything() == before


def test_an_empty_order_asks_for_a_target(template: TemplateStore) -> None:
    with pytest.raises(InvalidRequestError, match="at least one target"):
        start_batch(Order(template, []))


def test_a_template_is_never_a_target_and_is_named(template: TemplateStore) -> None:
    TemplateStoreFactory.create(connection=template.connection, store_id="1004", name="Shoes")

    with pytest.raises(InvalidRequestError, match=r"1004 \(“Shoes”\) cannot be cloned into"):
        start_batch(Order(template, ["9001", "1004"]))


def test_an_archived_template_cannot_be_cloned() -> None:
    template = TemplateStoreFactory.create(store_id="1003", archived_at=timezone.now())

    with pytest.raises(InvalidRequestError, match="is archived"):
        start_batch(Order(template, ["9001"]))


def test_the_bell_rings_with_the_commit_and_not_before(
    template: TemplateStore, queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start_batch(Order(template, ["9001"]))
        assert bells(queue) == 0

    assert bells(queue) == 1


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"stopped_at": timezone.now()}, id="stopped"),
        pytest.param({"beat_at": timezone.now() - timedelta(hours=1)}, id="silent"),
    ],
)
def test_no_bell_rings_for_a_worker_that_is_gone(
    template: TemplateStore,
    queue: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    columns: dict[str, object],
) -> None:
    WorkerBeat.objects.filter(queue=queue).update(**columns)

    with django_capture_on_commit_callbacks(execute=True):
        start_batch(Order(template, ["9001"]))

    assert bells(queue) == 0


def test_no_bell_rings_where_nothing_was_made(
    template: TemplateStore, queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    busy_target(template, "9001")

    with django_capture_on_commit_callbacks(execute=True):
        start_batch(Order(template, ["9001"]))

    assert bells(queue) == 0


def test_no_bell_rings_for_a_launch_that_is_taken_back(
    template: TemplateStore, queue: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        start_batch(Order(template, ["9001"]))
        transaction.set_rollback(True)

    assert bells(queue) == 0


def test_an_order_can_be_of_an_earlier_time(template: TemplateStore) -> None:
    at = timezone.now() - timedelta(days=20)

    batch = start_batch(Order(template, ["9001"]), at=at).batch

    assert batch is not None
    job = batch.jobs.get()
    assert {batch.created_at, job.created_at, job.next_action_at, job.events.get().at} == {at}
