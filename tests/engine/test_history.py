"""What the engine knows of a connection's clones."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clones.choices import CloneScope, JobStatus
from clones.engine.history import FRESH_FOR, LATELY, Outlooks, outlook_for
from clones.models import Batch, CloneJob
from tests.factories import BatchFactory, CloneJobFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Batch:
    return BatchFactory.create()


def ended(batch: Batch, took: float, ago: timedelta = timedelta(hours=1), **more: object) -> None:
    finished_at = NOW - ago
    accepted_at = finished_at - timedelta(seconds=took)
    shown = {"status": JobStatus.COMPLETED, "accepted_at": accepted_at, "finished_at": finished_at, **more}
    CloneJobFactory.create_batch(20, batch=batch, **shown)


def running(batch: Batch, age: float, **more: object) -> CloneJob:
    accepted_at = NOW - timedelta(seconds=age)
    job: CloneJob = CloneJobFactory.create(
        batch=batch, status=JobStatus.IN_PROGRESS, accepted_at=accepted_at, **{"next_action_at": NOW, **more}
    )
    return job


def share_after(batch: Batch, seconds: float, scope: CloneScope = CloneScope.ALL) -> float:
    """Return how many clones of this template and scope are expected to run for longer."""
    return outlook_for(batch.connection_id, NOW).durations((batch.template_id, scope)).share_running(seconds)


def test_a_template_is_expected_to_take_as_long_as_it_took_lately(batch: Batch) -> None:
    ended(batch, 300)

    assert share_after(batch, 280) > 0.8
    assert share_after(batch, 320) < 0.15


def test_another_scope_another_template_and_what_is_long_ago_tell_nothing(batch: Batch) -> None:
    nothing_known = share_after(batch, 100)

    ended(batch, 10, scope=CloneScope.STORE_SETTINGS)
    ended(BatchFactory.create(), 10)
    ended(batch, 10, ago=LATELY + timedelta(days=1))
    ended(batch, 10, status=JobStatus.FAILED)

    assert share_after(batch, 100) == nothing_known
    assert share_after(batch, 100, CloneScope.STORE_SETTINGS) < 0.2


def test_clones_that_still_run_count_too(batch: Batch) -> None:
    for _ in range(20):
        running(batch, 200)

    assert share_after(batch, 200) > 0.8


def test_a_clone_that_is_due_for_a_look_is_known_to_run_until_then_only(batch: Batch) -> None:
    for _ in range(20):
        running(batch, 200, next_action_at=NOW - timedelta(seconds=190))

    assert share_after(batch, 200) < 0.7


def test_the_last_clones_of_a_big_batch_do_not_count_as_a_small_one(batch: Batch) -> None:
    other = BatchFactory.create(template=batch.template)
    for one in (batch, batch, other, BatchFactory.create()):
        running(one, 10)
    CloneJobFactory.create(batch=batch)
    ended(batch, 300)

    assert outlook_for(batch.connection_id, NOW).batch_sizes == {batch.pk: 23, other.pk: 1}


def test_many_answers_within_a_moment_read_once_and_later_ones_again(batch: Batch) -> None:
    jobs = [running(batch, 200 + n) for n in range(5)]
    outlooks = Outlooks()

    def queries_at(now: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            for job in jobs:
                outlooks.pause(job, now)
        return len(queries)

    assert [queries_at(NOW), queries_at(NOW + FRESH_FOR / 2), queries_at(NOW + FRESH_FOR)] == [3, 0, 3]


def test_a_clone_that_was_accepted_by_a_clock_ahead_counts_as_new(batch: Batch) -> None:
    ended(batch, 300)
    just_accepted, ahead = running(batch, 0), running(batch, -5)
    for _ in range(100):
        running(batch, 200)
    outlooks = Outlooks()

    assert outlooks.pause(ahead, NOW) == outlooks.pause(just_accepted, NOW)


def test_a_clone_that_ended_by_a_clock_behind_breaks_nothing(batch: Batch) -> None:
    ended(batch, -0.5)

    assert share_after(batch, 300) < 0.1


def test_a_clock_that_was_put_back_does_not_keep_what_is_known_for_ever(batch: Batch) -> None:
    outlooks = Outlooks()
    first = outlooks.of(batch.connection_id, NOW)

    assert outlooks.of(batch.connection_id, NOW - timedelta(hours=1)) is not first
