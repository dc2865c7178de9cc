from datetime import UTC, datetime

import pytest

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.models import Batch, CloneJob
from clones.operations.retry import Retry, retry_jobs
from tests.factories import BatchFactory, CloneJobFactory, TemplateStoreFactory, events_of
from tests.people import staff

pytestmark = pytest.mark.django_db
ENDED_BADLY = (JobStatus.FAILED, JobStatus.CANCELED)


def reasons(came: Retry) -> list[str]:
    return [left.reason for left in came.left_out]


@pytest.mark.parametrize("status", ENDED_BADLY)
def test_what_ended_badly_is_asked_for_again_with_the_options_it_had(status: JobStatus) -> None:
    batch = BatchFactory.create(scope=CloneScope.CATALOG, clone_demo_catalog=True, name="Autumn")
    old = CloneJobFactory.create(batch=batch, status=status, clone_demo_catalog=True)
    sam = staff()

    came = retry_jobs([old], sam)

    new = CloneJob.objects.get(retry_of=old)
    assert came.jobs == [new]
    assert came.left_out == []
    assert (new.status, new.target, new.template) == (JobStatus.WAITING, old.target, old.template)
    assert (new.scope, new.clone_demo_catalog, new.created_by) == (CloneScope.CATALOG, True, sam)
    assert new.next_action_at is not None
    assert events_of(new) == [("", JobStatus.WAITING)]
    assert (new.batch.retry_of, new.batch.name, new.batch.created_by) == (batch, "Autumn", sam)


def test_a_retry_can_be_of_an_earlier_time() -> None:
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    new = retry_jobs([CloneJobFactory.create(status=JobStatus.FAILED)], at=at).jobs[0]

    assert {new.batch.created_at, new.created_at, new.next_action_at, new.events.get().at} == {at}


def test_the_old_clone_stays_as_it_is() -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=FailureKind.TARGET)
    before = CloneJob.objects.values().get(pk=old.pk)

    retry_jobs([old])

    assert CloneJob.objects.values().get(pk=old.pk) == before


@pytest.mark.parametrize("status", [status for status in JobStatus if status not in ENDED_BADLY])
def test_what_did_not_end_badly_is_left_out(status: JobStatus) -> None:
    came = retry_jobs([CloneJobFactory.create(status=status)])

    assert came.jobs == []
    assert came.batches == []
    assert "only failed and canceled" in reasons(came)[0]


def test_a_clone_is_retried_once() -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    first = retry_jobs([old]).jobs[0]

    came = retry_jobs([old])

    assert reasons(came) == [f"It was retried already, as clone {first.pk} (waiting)."]
    assert CloneJob.objects.count() == 2


def test_a_store_with_an_active_clone_is_left_out_and_that_clone_is_named() -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    busy = CloneJobFactory.create(target=old.target, batch=old.batch)

    assert reasons(retry_jobs([old])) == [f"Clone {busy.pk} into the same store is under way."]


def test_of_two_failed_clones_into_one_store_the_newer_is_retried() -> None:
    older = CloneJobFactory.create(status=JobStatus.FAILED)
    newer = CloneJobFactory.create(status=JobStatus.FAILED, target=older.target, batch=older.batch)

    came = retry_jobs([older, newer])

    assert [job.retry_of for job in came.jobs] == [newer]
    assert reasons(came) == [f"Clone {newer.pk} into the same store is retried instead."]


def test_a_newer_clone_that_cannot_be_retried_does_not_stand_in_for_an_older_one() -> None:
    older = CloneJobFactory.create(status=JobStatus.FAILED)
    archived = TemplateStoreFactory.create(connection=older.connection, archived_at=datetime.now(UTC))
    newer = CloneJobFactory.create(status=JobStatus.FAILED, target=older.target, batch__template=archived)

    came = retry_jobs([older, newer])

    assert [job.retry_of for job in came.jobs] == [older]
    assert [left.job for left in came.left_out] == [newer]


@pytest.mark.parametrize("side", ["template", "target"])
def test_an_archived_store_is_left_out(side: str) -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    store = getattr(old, side)
    store.archived_at = datetime.now(UTC)
    store.save()

    came = retry_jobs([old])

    assert came.jobs == []
    assert "archived" in reasons(came)[0]


def test_clones_of_one_template_share_a_batch_and_each_keeps_its_own_options() -> None:
    batch = BatchFactory.create(name="One")
    settings = BatchFactory.create(template=batch.template, scope=CloneScope.STORE_SETTINGS, name="Two")
    demo = CloneJobFactory.create(batch=batch, status=JobStatus.FAILED, clone_demo_catalog=True)
    jobs = [demo, *(CloneJobFactory.create(batch=each, status=JobStatus.FAILED) for each in (settings, settings))]

    came = retry_jobs(jobs)

    (made,) = came.batches
    assert (made.name, made.retry_of, made.scope, made.canary) == ("", None, CloneScope.STORE_SETTINGS, False)
    options = [(job.scope, job.clone_demo_catalog) for job in made.jobs.order_by("pk")]
    assert options == [(CloneScope.ALL, True), (CloneScope.STORE_SETTINGS, False), (CloneScope.STORE_SETTINGS, False)]


def test_each_template_gets_a_batch_of_its_own_that_points_at_the_one_it_came_from() -> None:
    jobs = [CloneJobFactory.create(status=JobStatus.FAILED, batch__name=name) for name in ("One", "Two")]

    came = retry_jobs(jobs)

    assert [(made.name, made.retry_of) for made in came.batches] == [("One", jobs[0].batch), ("Two", jobs[1].batch)]


def test_nothing_to_retry_makes_no_batch() -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)

    retry_jobs([job])

    assert list(Batch.objects.all()) == [job.batch]


def test_many_clones_take_as_many_queries_as_one(django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    batch = BatchFactory.create()
    jobs = CloneJobFactory.create_batch(30, batch=batch, status=JobStatus.FAILED)

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        retry_jobs(jobs)
