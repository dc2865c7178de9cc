"""Which jobs a tick takes, and what they cost."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection
from pytest_django import Settings

from clones.choices import ACTIVE, TERMINAL, BlockReason, CloneScope, FailureKind, JobStatus
from clones.engine import leasing
from clones.engine.agenda import Agenda
from clones.engine.history import Outlooks
from clones.models import Batch, CloneJob, Connection
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
    columns,
    events_of,
    fresh,
)
from tests.worker_process import database_url

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ROOM = 48

pytestmark = pytest.mark.django_db


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def thirty_seconds(settings: Settings) -> None:
    settings.LEASE_SECONDS = 30


@pytest.fixture
def holder() -> int:
    return WorkerBeatFactory.create(beat_at=NOW).pk


@pytest.fixture
def batch() -> Batch:
    connection = ConnectionFactory.create(rate_limit=600)
    return BatchFactory.create(template__connection=connection)


def job_of(batch: Batch, status: JobStatus = JobStatus.WAITING, **more: object) -> CloneJob:
    job: CloneJob = CloneJobFactory.create(
        batch=batch, status=status, **{"created_at": NOW, "next_action_at": NOW, **more}
    )
    return job


@pytest.fixture
def busy_batch(batch: Batch) -> Batch:
    """Return a batch of which Ecwid has accepted so many that nothing but the connection's limits holds it up."""
    CloneJobFactory.create_batch(20, batch=batch, status=JobStatus.COMPLETED)
    return batch


def lease(batch: Batch, holder: int, room: int = ROOM, now: datetime = NOW) -> list[CloneJob]:
    return leasing.lease_due(batch.connection_id, holder, room, now)


LEASE = ("lease_token", "leased_by_id", "leased_until")
FREE = {"lease_token": "", "leased_by_id": None, "leased_until": None}


def test_a_due_job_is_leased_for_thirty_seconds(batch: Batch, holder: int) -> None:
    job = job_of(batch, JobStatus.QUEUED)

    (taken,) = lease(batch, holder)

    assert taken == job
    assert columns(job, *LEASE) == {
        "lease_token": taken.lease_token, "leased_by_id": holder, "leased_until": after(30)
    }  # fmt: skip


def test_a_waiting_job_is_written_as_submitting_before_it_is_handed_out(batch: Batch, holder: int) -> None:
    job = job_of(batch, tries=2)

    lease(batch, holder)

    assert columns(job, "status", "submitted_at", "unanswered_since", "tries") == {
        "status": JobStatus.SUBMITTING, "submitted_at": NOW, "unanswered_since": NOW, "tries": 3
    }  # fmt: skip
    assert events_of(job) == [(JobStatus.WAITING, JobStatus.SUBMITTING)]


def test_the_rows_are_returned_as_they_were_read(batch: Batch, holder: int) -> None:
    job_of(batch, tries=2, unanswered_since=after(-5))

    (leased,) = lease(batch, holder)

    assert (leased.status, leased.tries, leased.unanswered_since) == (JobStatus.WAITING, 2, after(-5))
    assert {"connection", "template", "target"} <= set(leased._state.fields_cache)


def test_the_connection_is_the_one_that_was_read_though_the_lease_ends_its_block(batch: Batch, holder: int) -> None:
    over = {"blocked_since": after(-9), "blocked_until": after(-1), "block_reason": BlockReason.RATE_LIMITED}
    Connection.objects.update(**over)
    job_of(batch)

    (leased,) = lease(batch, holder)

    assert leased.connection.block_reason == BlockReason.RATE_LIMITED
    assert Connection.objects.get().block_reason == ""


def test_a_look_reads_neither_of_the_two_stores(batch: Batch, holder: int) -> None:
    job_of(batch, JobStatus.IN_PROGRESS)

    (leased,) = lease(batch, holder)

    assert "connection" in leased._state.fields_cache
    assert not {"template", "target"} & set(leased._state.fields_cache)


def test_the_moment_of_the_first_unanswered_post_is_kept(batch: Batch, holder: int) -> None:
    job = job_of(batch, unanswered_since=after(-5))

    lease(batch, holder)

    assert fresh(job).unanswered_since == after(-5)


@pytest.mark.parametrize("status", [status for status in ACTIVE if status != JobStatus.WAITING])
def test_a_job_that_waits_for_no_post_keeps_its_status(batch: Batch, holder: int, status: JobStatus) -> None:
    job = job_of(batch, status)

    lease(batch, holder)

    assert fresh(job).status == status
    assert events_of(job) == []


@pytest.mark.parametrize("status", TERMINAL)
def test_a_job_at_its_end_is_left_alone(batch: Batch, holder: int, status: JobStatus) -> None:
    job_of(batch, status, next_action_at=None)

    assert lease(batch, holder) == []


def test_a_job_that_is_not_due_yet_is_left_alone(batch: Batch, holder: int) -> None:
    job = job_of(batch, next_action_at=after(0.001))

    assert lease(batch, holder) == []
    assert columns(job, *LEASE) == FREE


def test_a_job_that_another_tick_holds_is_left_alone(batch: Batch, holder: int) -> None:
    job = job_of(batch, JobStatus.QUEUED, lease_token="another", leased_until=after(1))

    assert lease(batch, holder) == []
    assert fresh(job).lease_token == "another"


def test_the_longest_due_come_first_and_no_more_than_there_is_room_for(batch: Batch, holder: int) -> None:
    jobs = [job_of(batch, JobStatus.QUEUED, next_action_at=after(-seconds)) for seconds in (1, 3, 2)]

    assert lease(batch, holder, room=2) == [jobs[1], jobs[2]]

    assert columns(jobs[0], *LEASE) == FREE


@pytest.mark.parametrize("room", [0, -1])
def test_without_room_nothing_is_leased(batch: Batch, holder: int, room: int) -> None:
    job = job_of(batch)

    assert lease(batch, holder, room=room) == []
    assert fresh(job).status == JobStatus.WAITING


def test_no_more_jobs_are_leased_than_the_budget_has_requests(busy_batch: Batch, holder: int) -> None:
    jobs = [job_of(busy_batch) for _ in range(13)]

    assert len(lease(busy_batch, holder)) == 10  # a second's worth of 600 a minute
    assert lease(busy_batch, holder) == []
    assert len(lease(busy_batch, holder, now=after(0.3))) == 2

    assert sorted(fresh(job).status for job in jobs).count(JobStatus.WAITING) == 1


def test_no_more_jobs_are_leased_than_may_be_without_an_answer(busy_batch: Batch, holder: int) -> None:
    for _ in range(20):
        job_of(busy_batch)

    leased = [len(lease(busy_batch, holder, now=after(second))) for second in range(4)]

    assert leased == [10, 5, 0, 0]


def test_a_worker_goes_on_with_fresh_jobs_where_another_took_those_it_had_planned(batch: Batch, holder: int) -> None:
    agenda = Agenda(Outlooks())
    jobs = [job_of(batch) for _ in range(5)]
    leasing.lease_due(batch.connection_id, holder, 1, NOW, agenda)
    another = WorkerBeatFactory.create(beat_at=NOW).pk
    lease(batch, another, room=3)

    first, second = (leasing.lease_due(batch.connection_id, holder, 2, NOW, agenda) for _ in range(2))

    assert (first, second) == ([], jobs[4:])


def test_beside_a_big_batch_a_single_clone_starts_with_the_next_requests(batch: Batch, holder: int) -> None:
    CloneJobFactory.create_batch(60, batch=batch, created_at=after(-60))
    single = job_of(BatchFactory.create(template=batch.template))

    assert single in lease(batch, holder)


def test_looking_in_vain_costs_nothing(batch: Batch, holder: int) -> None:
    for _ in range(20):
        lease(batch, holder)

    assert Connection.objects.get().bucket_at is None


def test_two_ticks_share_one_budget_and_no_job(busy_batch: Batch, holder: int) -> None:
    for _ in range(14):
        job_of(busy_batch)
    another = WorkerBeatFactory.create(beat_at=NOW).pk

    mine, theirs = lease(busy_batch, holder, room=6), lease(busy_batch, another)

    assert (len(mine), len(theirs)) == (6, 4)
    assert not {job.pk for job in mine} & {job.pk for job in theirs}


def test_a_refused_key_is_probed_with_a_single_job(batch: Batch, holder: int) -> None:
    block = {"block_reason": BlockReason.CREDENTIALS, "blocked_since": after(-3600), "blocked_until": NOW}
    Connection.objects.update(**block)
    job_of(BatchFactory.create(), next_action_at=after(-60))  # of another connection
    jobs = [job_of(batch) for _ in range(5)]

    assert lease(batch, holder) == jobs[:1]
    assert lease(batch, holder, now=after(60)) == []


def test_the_job_that_met_the_refused_key_last_is_not_the_next_probe(batch: Batch, holder: int) -> None:
    block = {"block_reason": BlockReason.CREDENTIALS, "blocked_since": after(-3600), "blocked_until": NOW}
    Connection.objects.update(**block)
    refused_last, other = job_of(batch, next_action_at=after(-10)), job_of(batch, next_action_at=after(-20))

    assert lease(batch, holder) == [other]
    assert fresh(refused_last).status == JobStatus.WAITING


@pytest.mark.parametrize(
    "standstill",
    [
        {"paused_at": NOW},
        {"block_reason": BlockReason.RATE_LIMITED, "blocked_since": NOW, "blocked_until": after(5)},
        {"block_reason": BlockReason.CREDENTIALS, "blocked_since": NOW, "blocked_until": after(5)},
    ],
    ids=["paused", "rate limit", "refused key"],
)
def test_the_jobs_of_a_connection_that_stands_still_stay_as_they_are(
    batch: Batch, holder: int, standstill: dict[str, object]
) -> None:
    job = job_of(batch)
    Connection.objects.update(**standstill)

    assert leasing.connections_with_work(NOW) == []
    assert lease(batch, holder) == []
    assert leasing.seconds_until_due(NOW, at_least=0.1, at_most=7) == 7

    assert columns(job, "status", "tries", *LEASE) == {"status": JobStatus.WAITING, "tries": 0, **FREE}


def test_only_connections_with_due_jobs_have_work(batch: Batch) -> None:
    job_of(batch)
    job_of(BatchFactory.create(), next_action_at=after(60))
    job_of(BatchFactory.create(), JobStatus.COMPLETED, next_action_at=None)
    job_of(BatchFactory.create(), lease_token="another", leased_until=after(9))

    assert leasing.connections_with_work(NOW) == [batch.connection]


def test_settings_that_may_have_been_cloned_unseen_for_over_a_minute_are_not_asked_for_again(
    holder: int,
) -> None:
    batch = BatchFactory.create(scope=CloneScope.STORE_SETTINGS)
    late = job_of(batch, unanswered_since=after(-60.1))
    in_time = job_of(batch, unanswered_since=after(-60))

    assert lease(batch, holder) == [in_time]

    row = fresh(late)
    assert (row.status, row.failure_kind, row.lease_token) == (JobStatus.FAILED, FailureKind.RESULT_LOST, "")


def test_settings_are_not_asked_for_again_where_the_clock_has_gone_back_by_over_a_minute(holder: int) -> None:
    batch = BatchFactory.create(scope=CloneScope.STORE_SETTINGS)
    unknown = job_of(batch, unanswered_since=after(60.1))
    in_time = job_of(batch, unanswered_since=after(60))

    assert lease(batch, holder) == [in_time]

    assert fresh(unknown).failure_kind == FailureKind.RESULT_LOST


def test_an_empty_template_counts_as_settings_only_and_a_full_one_does_not(holder: int) -> None:
    empty = BatchFactory.create(template=TemplateStoreFactory.create(product_count=0, category_count=0))
    full = BatchFactory.create(template=TemplateStoreFactory.create(product_count=0, category_count=1))
    job_of(empty, unanswered_since=after(-3600))
    asked = job_of(full, unanswered_since=after(-3600))

    assert lease(empty, holder) == []
    assert lease(full, holder) == [asked]


def test_a_job_that_is_not_sent_costs_no_request(holder: int) -> None:
    batch = BatchFactory.create(scope=CloneScope.STORE_SETTINGS)
    job_of(batch, unanswered_since=after(-61))

    lease(batch, holder)

    assert Connection.objects.get(pk=batch.connection_id).bucket_at is None


def test_lease_status_and_budget_are_written_together_or_not_at_all(batch: Batch, holder: int) -> None:
    job = job_of(batch)

    def fail_at_the_budget(execute: object, sql: str, *rest: object) -> object:
        if sql.startswith('UPDATE "clones_connection"'):
            raise DatabaseError
        return execute(sql, *rest)  # type: ignore[operator]

    with connection.execute_wrapper(fail_at_the_budget), pytest.raises(DatabaseError):
        lease(batch, holder)

    assert columns(job, "status", "unanswered_since", *LEASE) == {
        "status": JobStatus.WAITING, "unanswered_since": None, **FREE
    }  # fmt: skip
    assert events_of(job) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_has_locked_is_passed_over() -> None:
    holder = WorkerBeatFactory.create(beat_at=NOW).pk
    batch = BatchFactory.create()
    locked, free = job_of(batch), job_of(batch)

    with psycopg.connect(database_url()) as other:
        other.execute("SELECT 1 FROM clones_clonejob WHERE id = %s FOR UPDATE", [locked.pk])
        assert lease(batch, holder) == [free]
        other.rollback()

    assert fresh(locked).status == JobStatus.WAITING


def test_a_renewed_lease_lasts_from_now_on(batch: Batch, holder: int) -> None:
    job_of(batch, JobStatus.QUEUED)
    (job,) = lease(batch, holder)

    leasing.renew([job], after(20))

    assert fresh(job).leased_until == after(50)


def test_a_lease_that_was_just_taken_is_not_written_again(batch: Batch, holder: int) -> None:
    job_of(batch, JobStatus.QUEUED)
    (job,) = lease(batch, holder)

    leasing.renew([job], after(0.4))

    assert fresh(job).leased_until == after(30)
    leasing.renew([job], after(0.5))
    assert fresh(job).leased_until == after(30.5)


def test_only_leases_that_are_still_held_are_renewed(batch: Batch, holder: int) -> None:
    job_of(batch, JobStatus.QUEUED)
    job_of(batch, JobStatus.QUEUED)
    freed, theirs = lease(batch, holder)
    CloneJob.objects.filter(pk=freed.pk).update(lease_token="", leased_until=None)
    CloneJob.objects.filter(pk=theirs.pk).update(lease_token="theirs", leased_until=after(1))

    leasing.renew([freed, theirs], NOW)

    assert fresh(freed).leased_until is None
    assert fresh(theirs).leased_until == after(1)


def test_a_job_that_is_leased_again_gets_another_token(batch: Batch, holder: int) -> None:
    job_of(batch, JobStatus.QUEUED)
    (first,) = lease(batch, holder)
    CloneJob.objects.filter(pk=first.pk).update(lease_token="")

    (second,) = lease(batch, holder)

    assert first.pk == second.pk
    assert "" != first.lease_token != second.lease_token == fresh(second).lease_token


@pytest.mark.parametrize(("due_in", "seconds"), [(-5, 0.1), (0, 0.1), (0.4, 0.4), (3600, 1.0)])
def test_the_wait_ends_when_the_next_job_is_due_within_bounds(batch: Batch, due_in: float, seconds: float) -> None:
    job_of(batch, next_action_at=after(due_in))
    job_of(batch, next_action_at=after(7200))

    assert leasing.seconds_until_due(NOW, at_least=0.1, at_most=1.0) == pytest.approx(seconds)


def test_jobs_that_are_held_or_at_their_end_are_not_waited_for(batch: Batch) -> None:
    job_of(batch, lease_token="another", leased_until=after(9))
    job_of(batch, JobStatus.COMPLETED, next_action_at=None)

    assert leasing.seconds_until_due(NOW, at_least=0.1, at_most=1.0) == 1.0


def test_a_connection_that_cannot_be_used_stops_and_says_why(batch: Batch) -> None:
    leasing.stop_unusable(batch.connection, "Its secret is sealed.", NOW)

    row = Connection.objects.get(pk=batch.connection_id)
    assert row.block_reason == BlockReason.CREDENTIALS
    assert "Its secret is sealed." in row.standstill(NOW)


def beside(batch: Batch, status: JobStatus, **more: object) -> CloneJob:
    """Make a clone into store 9001 over another connection at the same address."""
    other = BatchFactory.create(template__connection__api_url=batch.connection.api_url)
    return job_of(other, status, target__store_id="9001", **more)


@pytest.mark.parametrize(
    ("status", "in_doubt"), [(JobStatus.SUBMITTING, True), (JobStatus.WAITING, True), (JobStatus.QUEUED, False)]
)
def test_a_store_that_another_connection_is_at_waits_for_the_end_of_that_clone(
    batch: Batch, holder: int, status: JobStatus, *, in_doubt: bool
) -> None:
    other = beside(batch, status, unanswered_since=NOW if in_doubt else None)
    job, free = job_of(batch, target__store_id="9001"), job_of(batch)

    assert lease(batch, holder) == [free]

    assert columns(job, "status", "next_action_at", *FREE) == {
        "status": JobStatus.WAITING, "next_action_at": after(60), **FREE,
    }  # fmt: skip
    assert f"Clone {other.pk}, over connection “{other.connection}”" in job.events.get().note


def test_what_waits_for_another_connections_clone_is_told_so_once(batch: Batch, holder: int) -> None:
    first, job = beside(batch, JobStatus.QUEUED), job_of(batch, target__store_id="9001")

    for minutes in range(3):
        assert lease(batch, holder, now=after(60 * minutes)) == []

    assert columns(job, "next_action_at", *FREE) == {"next_action_at": after(180), **FREE}
    assert job.events.count() == 1
    CloneJob.objects.filter(pk=first.pk).update(status=JobStatus.COMPLETED, finished_at=NOW)
    second = beside(batch, JobStatus.QUEUED)
    lease(batch, holder, now=after(180))
    told = [event.note.split(",")[0] for event in job.events.order_by("pk")]
    assert told == [f"Clone {first.pk}", f"Clone {second.pk}"]


@pytest.mark.parametrize("status", [JobStatus.WAITING, JobStatus.COMPLETED])
def test_what_another_connection_has_not_sent_or_has_ended_is_in_nobodys_way(
    batch: Batch, holder: int, status: JobStatus
) -> None:
    beside(batch, status)
    job = job_of(batch, target__store_id="9001")

    assert lease(batch, holder) == [job]


def test_what_may_have_been_sent_is_asked_about_whoever_is_at_the_store(batch: Batch, holder: int) -> None:
    beside(batch, JobStatus.QUEUED)
    job = job_of(batch, target__store_id="9001", unanswered_since=NOW)

    assert lease(batch, holder) == [job]
