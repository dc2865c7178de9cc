from datetime import UTC, datetime
from typing import Any

import pytest

from clones.choices import CREATION_GONE, CloneScope, CreationStatus, FailureKind, HoldReason, JobStatus, SiteStatus
from clones.models import Batch, CloneJob, SiteClone, StoreCreation, TargetStore
from clones.operations.retry import Retry, never_started, retry_batch, retry_jobs
from tests.batch_shapes import BEFORE, NOW, batch_of, creation_of, due, storeless
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
    events_of,
    fresh,
)
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


def over_a_neighbour(old: CloneJob, **facts: Any) -> CloneJob:
    """Make a clone into the store of `old` over another connection at the same address."""
    batch = BatchFactory.create(template__connection__api_url=old.connection.api_url)
    known_by = {"store_id": old.target.store_id, "email": old.target.email}
    target = TargetStoreFactory.create(connection=batch.connection, **known_by)
    return CloneJobFactory.create(batch=batch, target=target, **facts)


def test_a_clone_over_another_connection_at_the_address_is_in_the_way_too() -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    busy = over_a_neighbour(old)

    assert reasons(retry_jobs([old])) == [f"Clone {busy.pk} into the same store is under way."]


def test_a_store_at_another_address_is_another_store() -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    elsewhere = BatchFactory.create(template__connection__api_url="https://ecwid.example/api/v3")
    target = TargetStoreFactory.create(connection=elsewhere.connection, store_id=old.target.store_id)
    CloneJobFactory.create(batch=elsewhere, target=target)

    assert len(retry_jobs([old]).jobs) == 1


def test_of_two_failed_clones_into_one_store_over_two_connections_the_newer_is_retried() -> None:
    older = CloneJobFactory.create(status=JobStatus.FAILED)
    newer = over_a_neighbour(older, status=JobStatus.FAILED)

    came = retry_jobs([older, newer])

    assert [job.retry_of for job in came.jobs] == [newer]
    assert reasons(came) == [f"Clone {newer.pk} into the same store is retried instead."]


@pytest.mark.parametrize("status", [CreationStatus.CREATED, CreationStatus.LOOKING])
def test_a_store_that_another_connection_has_asked_for_is_not_asked_for_again(status: CreationStatus) -> None:
    old = storeless(BatchFactory.create(), CreationStatus.FAILED)
    CloneJob.objects.filter(pk=old.pk).update(
        status=JobStatus.FAILED, failure_kind=FailureKind.NO_STORE, finished_at=NOW
    )
    other = BatchFactory.create(template__connection__api_url=old.connection.api_url)
    target = TargetStoreFactory.create(
        connection=other.connection, store_id="9777" if status == CreationStatus.CREATED else "", email=old.target.email
    )
    StoreCreationFactory.create(connection=other.connection, target=target, email=old.target.email, status=status)

    (reason,) = reasons(retry_jobs([old]))

    assert ("9777" in reason) == (status == CreationStatus.CREATED)


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


@pytest.mark.parametrize("draft", [True, False])
def test_the_instant_site_follows_the_new_clone_as_it_was_chosen(draft: bool) -> None:
    old = CloneJobFactory.create(status=JobStatus.FAILED)
    SiteCloneFactory.create(job=old, draft=draft, status=SiteStatus.CANCELED)

    new = retry_jobs([old, CloneJobFactory.create(status=JobStatus.FAILED)]).jobs[0]

    site = SiteClone.objects.get(job=new)
    assert (site.draft, site.status, site.next_action_at) == (draft, SiteStatus.WAITING, None)
    assert SiteClone.objects.count() == 2


def test_a_completed_clone_is_not_retried_for_its_instant_site() -> None:
    old = CloneJobFactory.create(status=JobStatus.COMPLETED)
    SiteCloneFactory.create(job=old, status=SiteStatus.FAILED)
    SiteCloneFactory.create(status=SiteStatus.FAILED)  # of a clone that nobody asked for

    came = retry_batch(old.batch)

    assert (came.jobs, [left.job for left in came.left_out]) == ([], [old])
    assert "try the site again" in reasons(came)[0]


class TestStoresToBeCreated:
    def old(self, status: CreationStatus, kind: FailureKind | None = FailureKind.NO_STORE, **facts: object) -> CloneJob:
        """Make a clone that ended without its store; without a `kind` it was canceled."""
        creation = StoreCreationFactory.create(status=status, email="ann@shop.example", name="Ann's")
        batch = BatchFactory.create(template__connection=creation.connection)
        ended = {"status": JobStatus.FAILED, "failure_kind": kind} if kind else {"status": JobStatus.CANCELED}
        return CloneJobFactory.create(batch=batch, target=creation.target, **ended, **facts)

    @pytest.mark.parametrize("status", CREATION_GONE)
    def test_a_store_that_was_not_created_is_asked_for_anew(self, status: CreationStatus) -> None:
        old, sam = self.old(status), staff()

        (new,) = retry_batch(old.batch, sam).jobs

        creation = StoreCreation.objects.latest("pk")
        assert StoreCreation.objects.count() == 2
        assert (creation.target, creation.email, creation.name) == (old.target, "ann@shop.example", "Ann's")
        assert (creation.status, creation.next_action_at, creation.created_by) == (
            CreationStatus.WAITING,
            new.created_at,
            sam,
        )
        assert new.next_action_at is None

    @pytest.mark.parametrize("status", [CreationStatus.CREATING, CreationStatus.LOOKING, CreationStatus.NEEDS_PERSON])
    def test_a_store_that_is_under_way_is_waited_for(self, status: CreationStatus) -> None:
        old = self.old(status, kind=None)

        (new,) = retry_batch(old.batch).jobs

        assert (new.target, new.next_action_at, StoreCreation.objects.count()) == (old.target, None, 1)

    def test_a_store_that_came_into_being_after_the_clone_was_canceled_is_cloned_into(self) -> None:
        old = self.old(CreationStatus.CREATED, kind=None)
        TargetStore.objects.update(store_id="777")

        (new,) = retry_batch(old.batch).jobs

        assert (new.next_action_at, StoreCreation.objects.count()) == (new.created_at, 1)

    def test_an_e_mail_that_has_a_store_by_now_is_left_out(self) -> None:
        old = self.old(CreationStatus.FAILED)
        TargetStore.objects.update(store_id="777")

        assert reasons(retry_batch(old.batch)) == [
            "Store 777 was created for ann@shop.example since: start a clone into it by its ID, if it is still empty."
        ]

    @pytest.mark.parametrize(("store_id", "said"), [("777", "Store 777 was created"), ("", "is being created")])
    def test_an_e_mail_whose_store_is_another_targets_is_left_out(self, store_id: str, said: str) -> None:
        old = self.old(CreationStatus.FAILED)
        other = TargetStoreFactory.create(connection=old.connection, store_id=store_id)
        StoreCreationFactory.create(
            connection=old.connection, target=other, email="ann@shop.example", status=CreationStatus.WAITING
        )

        assert said in reasons(retry_batch(old.batch))[0]
        assert CloneJob.objects.count() == 1


class TestBatch:
    def test_what_failed_and_what_was_canceled_is_asked_for_again_in_one_linked_batch(self) -> None:
        canary = {"canary": True, "released_at": BEFORE}
        batch, jobs = batch_of(JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.CANCELED, name="Autumn", **canary)
        other = CloneJobFactory.create(batch=batch, status=JobStatus.FAILED, scope=CloneScope.CATALOG)
        CloneJobFactory.create(status=JobStatus.FAILED)  # of another batch

        came = retry_batch(batch, staff())

        (made,) = came.batches
        assert (made.retry_of, made.name, made.canary, made.scope) == (batch, "Autumn", False, CloneScope.ALL)
        assert [(job.retry_of, job.scope) for job in came.jobs] == [
            (jobs[0], CloneScope.ALL),
            (jobs[2], CloneScope.ALL),
            (other, CloneScope.CATALOG),
        ]

    def test_what_never_started_of_a_held_batch_is_taken_along(self) -> None:
        batch, jobs = batch_of(
            JobStatus.FAILED, JobStatus.WAITING, JobStatus.IN_PROGRESS, held_since=BEFORE, hold_reason=HoldReason.CANARY
        )
        sam = staff()

        assert never_started(batch) == 1
        came = retry_batch(batch, sam)

        assert [job.retry_of_id for job in came.jobs] == [jobs[0].pk, jobs[1].pk]
        assert (fresh(jobs[1]).status, fresh(jobs[2]).status) == (JobStatus.CANCELED, JobStatus.IN_PROGRESS)
        assert jobs[1].events.get().note.startswith("Never started")
        batch.refresh_from_db()
        assert batch.held_since is None

    def test_what_waits_in_a_batch_that_is_not_held_is_left_where_it_is(self) -> None:
        batch, jobs = batch_of(JobStatus.FAILED, JobStatus.WAITING)

        assert never_started(batch) == 0
        assert [job.retry_of for job in retry_batch(batch).jobs] == [jobs[0]]
        assert fresh(jobs[1]).status == JobStatus.WAITING

    def test_many_take_as_many_queries_as_one(self, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
        batch, _ = batch_of(*[JobStatus.FAILED] * 30)

        with django_assert_max_num_queries(16):  # type: ignore[operator]
            retry_batch(batch)


def test_the_first_goes_alone_again_where_the_others_still_waited_for_it() -> None:
    batch, jobs = batch_of(JobStatus.FAILED, JobStatus.WAITING, canary=True, held_since=BEFORE, hold_reason="CANARY")
    CloneJob.objects.filter(pk=jobs[1].pk).update(next_action_at=None)
    new = storeless(batch, next_action_at=None)

    came = retry_batch(batch, at=NOW)

    assert [job.retry_of for job in came.jobs] == [*jobs, new]
    assert came.batches[0].canary
    assert due(*came.jobs) == [NOW, None, None]
    assert creation_of(came.jobs[2]).next_action_at is None


def test_a_store_that_is_created_for_the_first_one_is_asked_for_at_once() -> None:
    batch, jobs = batch_of(JobStatus.CANCELED, canary=True)
    first = StoreCreationFactory.create(connection=batch.connection, status=CreationStatus.CANCELED)
    CloneJob.objects.filter(pk=jobs[0].pk).update(target=first.target)
    CloneJobFactory.create(batch=batch, status=JobStatus.CANCELED)

    came = retry_batch(batch, at=NOW)

    assert (creation_of(came.jobs[0]).next_action_at, due(*came.jobs)) == (NOW, [None, None])


@pytest.mark.parametrize("facts", [{"released_at": BEFORE}, {"canary": False}])
def test_all_go_at_once_where_the_first_one_was_not_waited_for_any_more(facts: dict[str, Any]) -> None:
    batch, _ = batch_of(JobStatus.FAILED, JobStatus.FAILED, **{"canary": True, **facts})

    came = retry_batch(batch, at=NOW)

    assert not came.batches[0].canary
    assert due(*came.jobs) == [NOW, NOW]
