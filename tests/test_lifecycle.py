import itertools
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from clones import lifecycle
from clones.choices import TERMINAL, FailureKind, JobStatus
from clones.lifecycle import TRANSITIONS, Change, IllegalTransitionError, JobChangedError
from clones.models import CloneEvent, CloneJob
from tests.factories import CloneJobFactory, WorkerBeatFactory, events_of, fresh

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MATRIX = list(itertools.product(JobStatus, JobStatus))

pytestmark = pytest.mark.django_db


def change(job: CloneJob, to: JobStatus, **fields: object) -> Change:
    needed: dict[str, object] = {}
    if to == JobStatus.FAILED:
        needed["failure_kind"] = FailureKind.ECWID
    if to in {JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED}:
        needed["ticket"] = job.ticket or "t-1"
    return Change(job, to, {**needed, **fields})


@pytest.mark.parametrize(("old", "new"), [pair for pair in MATRIX if pair[0] != pair[1]])
def test_a_status_changes_only_as_the_table_says(old: JobStatus, new: JobStatus) -> None:
    job = CloneJobFactory.create(status=old)

    if new in TRANSITIONS[old]:
        lifecycle.advance(change(job, new), at=NOW)
    else:
        with pytest.raises(IllegalTransitionError):
            lifecycle.advance(change(job, new), at=NOW)

    assert fresh(job).status == (new if new in TRANSITIONS[old] else old)


def test_the_table_is_the_one_of_the_design() -> None:
    allowed = {(old.value, new.value) for old, news in TRANSITIONS.items() for new in news}

    assert allowed == {
        ("WAITING", "SUBMITTING"), ("WAITING", "CANCELED"), ("WAITING", "FAILED"),
        ("SUBMITTING", "WAITING"), ("SUBMITTING", "QUEUED"), ("SUBMITTING", "IN_PROGRESS"),
        ("SUBMITTING", "COMPLETED"), ("SUBMITTING", "FAILED"),
        ("QUEUED", "IN_PROGRESS"), ("QUEUED", "COMPLETED"), ("QUEUED", "FAILED"),
        ("IN_PROGRESS", "QUEUED"), ("IN_PROGRESS", "COMPLETED"), ("IN_PROGRESS", "FAILED"),
    }  # fmt: skip


@pytest.mark.parametrize("status", TERMINAL)
def test_the_end_is_the_end(status: JobStatus) -> None:
    assert TRANSITIONS[status] == frozenset()


def test_a_change_writes_a_line_of_history_and_raises_the_version() -> None:
    alice = User.objects.create_user("alice")
    job = CloneJobFactory.create()

    lifecycle.advance(Change(job, JobStatus.CANCELED, note="Not needed."), at=NOW, actor=alice)

    event = CloneEvent.objects.get(job=job)
    assert (event.at, event.actor, event.from_status, event.to_status) == (NOW, alice, "WAITING", "CANCELED")
    assert event.note == "Not needed."
    assert fresh(job).version == job.version + 1


def test_an_end_frees_the_lease_and_sets_the_time() -> None:
    beat = WorkerBeatFactory.create()
    job = CloneJobFactory.create(
        status=JobStatus.IN_PROGRESS, lease_token="mine", leased_until=NOW, leased_by=beat, unanswered_since=NOW
    )

    lifecycle.advance(change(job, JobStatus.FAILED), at=NOW)

    row = fresh(job)
    assert (row.finished_at, row.next_action_at, row.unanswered_since) == (NOW, None, None)
    assert (row.lease_token, row.leased_until, row.leased_by) == ("", None, None)


def test_a_change_of_a_row_that_moved_on_writes_nothing() -> None:
    job = CloneJobFactory.create()
    lifecycle.advance(Change(job, JobStatus.CANCELED), at=NOW)

    with pytest.raises(JobChangedError):
        lifecycle.advance(Change(job, JobStatus.SUBMITTING), at=NOW)

    assert events_of(job) == [("WAITING", "CANCELED")]


def test_a_change_under_a_lease_that_was_lost_writes_nothing() -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, lease_token="mine", leased_until=NOW)
    CloneJob.objects.update(lease_token="another")

    done = lifecycle.advance_many([change(job, JobStatus.IN_PROGRESS)], at=NOW, under_lease=True)

    assert done == set()
    assert fresh(job).status == JobStatus.QUEUED
    assert events_of(job) == []


def test_equal_changes_of_many_jobs_cost_as_many_queries_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    jobs = CloneJobFactory.create_batch(20, status=JobStatus.QUEUED)
    changes = [Change(job, JobStatus.IN_PROGRESS, {"remote_status": "IN_PROGRESS"}) for job in jobs]

    with django_assert_num_queries(5):  # savepoint, read, write, events, release
        done = lifecycle.advance_many(changes, at=NOW)

    assert done == {job.pk for job in jobs}
    assert CloneEvent.objects.count() == 20


def test_a_remark_keeps_the_status_and_is_seen() -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED)

    lifecycle.advance(Change(job, JobStatus.QUEUED, {"overdue_since": NOW}, note="Overdue."), at=NOW)

    assert events_of(job) == [("QUEUED", "QUEUED")]
    assert fresh(job).version == job.version + 1


@pytest.mark.parametrize(
    ("status", "to", "note", "line"),
    [
        (JobStatus.WAITING, JobStatus.SUBMITTING, "Asking Ecwid.", "Job 7: WAITING → SUBMITTING: Asking Ecwid."),
        (JobStatus.QUEUED, JobStatus.IN_PROGRESS, "IN_PROGRESS", "Job 7: QUEUED → IN_PROGRESS"),
        (JobStatus.SUBMITTING, JobStatus.WAITING, "", "Job 7: SUBMITTING → WAITING"),
        (JobStatus.COMPLETED, JobStatus.COMPLETED, "Its site was cloned.", "Job 7, COMPLETED: Its site was cloned."),
    ],
)
def test_the_log_says_each_thing_once(status: JobStatus, to: JobStatus, note: str, line: str) -> None:
    assert Change(CloneJob(pk=7, status=status), to, note=note).line == line
