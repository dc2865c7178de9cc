"""What a worker that died left behind is taken up again; what the living hold is left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from clones.choices import AT_ECWID, JobStatus
from clones.engine import recovery
from clones.models import CloneEvent, CloneJob, WorkerBeat
from tests.factories import CloneJobFactory, WorkerBeatFactory, columns, events_of, fresh

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=7)

pytestmark = pytest.mark.django_db


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def fifteen_seconds(settings: Settings) -> None:
    settings.WORKER_SILENT_SECONDS = 15


def leased(status: JobStatus, worker: WorkerBeat | None, *, ends_in: float = 20, token: str = "token") -> CloneJob:
    return CloneJobFactory.create(
        status=status,
        lease_token=token,
        leased_by=worker,
        leased_until=NOW + timedelta(seconds=ends_in),
        unanswered_since=EARLIER if status == JobStatus.SUBMITTING else None,
        next_action_at=ago(60),
    )


def is_free(job: CloneJob) -> bool:
    row = columns(job, "lease_token", "leased_by", "leased_until")
    return row == {"lease_token": "", "leased_by": None, "leased_until": None}


def living() -> WorkerBeat:
    return WorkerBeatFactory.create(beat_at=ago(1))


@pytest.mark.parametrize("status", AT_ECWID)
def test_a_clone_that_a_silent_worker_looked_at_is_due_at_once(status: JobStatus) -> None:
    job = leased(status, WorkerBeatFactory.create(beat_at=ago(15)))

    recovery.take_back(NOW)

    assert is_free(job)
    assert (fresh(job).status, fresh(job).next_action_at) == (status, NOW)
    assert events_of(job) == []


def test_a_post_of_a_silent_worker_waits_again_and_stays_unanswered_since_it_left() -> None:
    job = leased(JobStatus.SUBMITTING, WorkerBeatFactory.create(beat_at=ago(15)))

    recovery.take_back(NOW)

    assert is_free(job)
    row = fresh(job)
    assert (row.status, row.unanswered_since, row.next_action_at) == (JobStatus.WAITING, EARLIER, NOW)


def test_the_history_says_that_the_clone_may_have_started() -> None:
    job = leased(JobStatus.SUBMITTING, WorkerBeatFactory.create(beat_at=ago(15)))

    recovery.take_back(NOW)

    event = CloneEvent.objects.get(job=job)
    assert (event.at, event.from_status, event.to_status) == (NOW, JobStatus.SUBMITTING, JobStatus.WAITING)
    assert event.note == recovery.LOST_NOTE
    assert fresh(job).version == job.version + 1


def test_the_leases_of_a_stopped_worker_are_void_at_once() -> None:
    job = leased(JobStatus.SUBMITTING, WorkerBeatFactory.create(beat_at=NOW, stopped_at=NOW))

    recovery.take_back(NOW)

    assert is_free(job)


@pytest.mark.parametrize(("ends_in", "free"), [(-1, True), (0, True), (0.1, False)])
def test_a_lease_ends_also_where_its_worker_lives(ends_in: float, *, free: bool) -> None:
    job = leased(JobStatus.QUEUED, living(), ends_in=ends_in)

    recovery.take_back(NOW)

    assert is_free(job) is free


def test_a_lease_of_a_worker_whose_row_is_gone_ends_with_its_time() -> None:
    running, over = leased(JobStatus.QUEUED, None), leased(JobStatus.QUEUED, None, ends_in=0)

    recovery.take_back(NOW)

    assert (is_free(running), is_free(over)) == (False, True)


@pytest.mark.parametrize("status", [JobStatus.SUBMITTING, *AT_ECWID])
def test_what_a_living_worker_holds_is_left_alone(status: JobStatus) -> None:
    job = leased(status, living())
    dead = leased(status, WorkerBeatFactory.create(beat_at=ago(16)), token="dead")
    before = CloneJob.objects.values().get(pk=job.pk)

    recovery.take_back(NOW)

    assert is_free(dead)
    assert CloneJob.objects.values().get(pk=job.pk) == before


def test_jobs_that_nobody_holds_are_left_alone() -> None:
    job = CloneJobFactory.create(next_action_at=NOW + timedelta(hours=1))

    recovery.take_back(NOW)

    assert fresh(job).next_action_at == NOW + timedelta(hours=1)


def test_taking_back_twice_writes_one_line_of_history() -> None:
    job = leased(JobStatus.SUBMITTING, WorkerBeatFactory.create(beat_at=ago(16)))

    recovery.take_back(NOW)
    recovery.take_back(NOW)

    assert events_of(job) == [(JobStatus.SUBMITTING, JobStatus.WAITING)]


def test_the_leases_of_several_dead_workers_are_taken_back_together() -> None:
    jobs = [
        leased(JobStatus.SUBMITTING, WorkerBeatFactory.create(beat_at=ago(16)), token=f"token-{n}") for n in range(3)
    ]

    recovery.take_back(NOW)

    assert all(is_free(job) for job in jobs)
    assert {fresh(job).status for job in jobs} == {JobStatus.WAITING}


def test_giving_back_touches_only_what_is_still_held() -> None:
    mine, lost = (
        leased(JobStatus.SUBMITTING, living(), token="mine"),
        leased(JobStatus.QUEUED, living(), token="mine too"),
    )
    CloneJob.objects.filter(pk=lost.pk).update(lease_token="theirs")

    recovery.give_back([mine, lost], NOW, "Stopped.")

    assert (is_free(mine), is_free(lost)) == (True, False)
    assert fresh(lost).next_action_at == ago(60)


def test_a_job_that_moved_on_since_it_was_read_is_not_set_back() -> None:
    read = leased(JobStatus.SUBMITTING, living(), token="mine")
    CloneJob.objects.filter(pk=read.pk).update(status=JobStatus.QUEUED, ticket="t", unanswered_since=None)

    recovery.give_back([read], NOW, "Stopped.")

    assert fresh(read).status == JobStatus.QUEUED
    assert events_of(read) == []
