"""How much of a batch leaves before it has shown that it works."""

from datetime import UTC, datetime, timedelta

import pytest

from clones.choices import CreationStatus, JobStatus
from clones.engine import caution, leasing
from clones.engine.caution import AT_ONCE, LOST_COUNTS_FOR
from clones.models import Batch, CloneJob, StoreCreation
from tests.batch_shapes import storeless
from tests.factories import BatchFactory, CloneJobFactory, StoreCreationFactory, WorkerBeatFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = NOW + LOST_COUNTS_FOR
MANY = 4 * AT_ONCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> Batch:
    made: Batch = BatchFactory.create()
    return made


def jobs(batch: Batch, count: int, status: JobStatus = JobStatus.WAITING, **facts: object) -> list[CloneJob]:
    facts = {"created_at": NOW, **facts}
    made: list[CloneJob] = CloneJobFactory.create_batch(count, batch=batch, status=status, **facts)
    return made


def sent(batch: Batch, now: datetime = NOW) -> list[CloneJob]:
    """Lease what may be sent."""
    return leasing.lease_due(batch.connection_id, WorkerBeatFactory.create(beat_at=now).pk, MANY, now)


def lose_answers(batch: Batch, next_action_at: datetime) -> None:
    """Let all that was sent wait to be asked for again."""
    waits = {"status": JobStatus.WAITING, "lease_token": "", "leased_until": None, "next_action_at": next_action_at}
    CloneJob.objects.filter(batch=batch, status=JobStatus.SUBMITTING).update(**waits)


def test_a_batch_of_five_leaves_at_once(batch: Batch) -> None:
    jobs(batch, AT_ONCE)

    assert len(sent(batch)) == AT_ONCE


def test_clones_that_become_due_a_few_at_a_time_wait_for_answers_too(batch: Batch) -> None:
    jobs(batch, AT_ONCE)
    jobs(batch, AT_ONCE, JobStatus.SUBMITTING, unanswered_since=NOW, lease_token="held")

    assert sent(batch) == []


def test_while_all_answers_get_lost_nothing_new_of_a_batch_is_sent(batch: Batch) -> None:
    jobs(batch, MANY)
    first = sent(batch)
    lose_answers(batch, NOW)

    again = sent(batch)

    assert {job.pk for job in again} == {job.pk for job in first}


def test_answers_that_stay_lost_hold_up_the_others_for_ten_minutes(batch: Batch) -> None:
    jobs(batch, MANY)
    sent(batch)
    lose_answers(batch, LATER + timedelta(days=1))

    assert sent(batch, LATER - timedelta(seconds=1)) == []

    assert len(sent(batch, LATER)) == AT_ONCE


def test_answers_that_were_lost_before_the_clock_went_back_hold_up_nothing(batch: Batch) -> None:
    jobs(batch, MANY)
    sent(batch, NOW + timedelta(days=1))
    lose_answers(batch, NOW + timedelta(days=1))

    assert len(sent(batch)) == AT_ONCE


def may_be_asked_for(now: datetime = NOW) -> int:
    due = StoreCreation.objects.filter(next_action_at__lte=now, finished_at=None, lease_token="").order_by("pk")
    return caution.without_hasty(due, now).count()


@pytest.mark.parametrize(
    ("status", "room"),
    [
        (CreationStatus.CREATING, AT_ONCE - 1),
        (CreationStatus.LOOKING, AT_ONCE - 1),
        (CreationStatus.NEEDS_PERSON, AT_ONCE - 1),
        (CreationStatus.CREATED, AT_ONCE + 1),
        (CreationStatus.FAILED, AT_ONCE),
    ],
)
def test_stores_of_a_batch_are_asked_for_as_carefully(batch: Batch, status: CreationStatus, room: int) -> None:
    ended = status in (CreationStatus.CREATED, CreationStatus.FAILED)
    storeless(batch, status, next_action_at=None, unanswered_since=None if ended else NOW)
    for _ in range(MANY):
        storeless(batch, created_at=NOW)

    assert may_be_asked_for() == room


def test_a_look_up_is_made_in_any_case(batch: Batch) -> None:
    for _ in range(MANY):
        storeless(batch, CreationStatus.LOOKING, created_at=NOW, unanswered_since=NOW)

    assert may_be_asked_for() == MANY


def test_stores_that_become_due_a_few_at_a_time_wait_for_answers_too(batch: Batch) -> None:
    for _ in range(AT_ONCE):
        storeless(batch, CreationStatus.CREATING, next_action_at=None, unanswered_since=NOW)
        storeless(batch, created_at=NOW)

    assert may_be_asked_for() == 0


def test_a_few_stores_and_those_that_no_clone_waits_for_are_asked_for_at_once(batch: Batch) -> None:
    for _ in range(AT_ONCE):
        storeless(batch, created_at=NOW)
    StoreCreationFactory.create_batch(MANY, created_at=NOW)

    assert may_be_asked_for() == AT_ONCE + MANY


def test_a_batch_whose_stores_wait_for_answers_holds_up_no_other(batch: Batch) -> None:
    for _ in range(AT_ONCE):
        storeless(batch, CreationStatus.CREATING, next_action_at=None, unanswered_since=NOW)
    for _ in range(MANY):
        storeless(batch, created_at=NOW)
    other = storeless(BatchFactory.create(), created_at=NOW)

    due = StoreCreation.objects.filter(status=CreationStatus.WAITING).order_by("pk")

    assert [row.target_id for row in caution.without_hasty(due, NOW)] == [other.target_id]
