from typing import Any

import pytest

from clones.choices import ACTIVE, CreationStatus, HoldReason, JobStatus
from clones.engine.batches import review
from clones.models import Batch, CloneJob, TemplateStore
from clones.operations.cancel import MAY_COME, cancelable
from clones.operations.errors import InvalidRequestError
from clones.operations.holding import cancel_rest, continue_batch
from clones.operations.left_out import by_reason
from clones.operations.restoring import take_up
from tests.batch_shapes import BEFORE, NOW, batch_of, creation_of, due, storeless
from tests.factories import CloneJobFactory, fresh
from tests.people import staff

pytestmark = pytest.mark.django_db

HELD = {"held_since": BEFORE, "hold_reason": HoldReason.SAME_FAILURES}


def held_batch(*statuses: JobStatus, **facts: Any) -> tuple[Batch, list[CloneJob]]:
    """Make a held batch, where what waits is due at no time."""
    batch, jobs = batch_of(*statuses, **HELD, **facts)
    CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING).update(next_action_at=None)
    return batch, jobs


def test_what_waited_is_due_when_a_held_batch_is_continued() -> None:
    batch, jobs = held_batch(JobStatus.FAILED, JobStatus.WAITING, JobStatus.WAITING)
    new = storeless(batch, next_action_at=None)
    asked_soon = CloneJobFactory.create(batch=batch, unanswered_since=BEFORE, next_action_at=BEFORE)
    other, elsewhere = held_batch(JobStatus.FAILED, JobStatus.WAITING)
    new_elsewhere = storeless(other, next_action_at=None)

    came = continue_batch(batch, staff(), at=NOW)

    assert (came.released, due(*jobs), due(new)) == (3, [None, NOW, NOW], [None])
    assert due(asked_soon, *elsewhere) == [BEFORE, None, None]
    assert creation_of(new_elsewhere).next_action_at is None
    assert creation_of(new).next_action_at == NOW
    batch.refresh_from_db()
    assert (batch.held_since, batch.hold_reason, batch.continued_at, batch.released_at) == (None, "", NOW, None)


def test_who_continued_it_is_kept_with_the_clone_that_it_was_held_for() -> None:
    batch, jobs = held_batch(JobStatus.FAILED, JobStatus.FAILED, JobStatus.CANCELED, JobStatus.WAITING)
    CloneJobFactory.create(status=JobStatus.FAILED, finished_at=NOW)  # of another batch
    sam = staff()

    continue_batch(batch, sam, at=NOW)

    event = jobs[1].events.get()
    assert (event.actor, event.at, event.from_status) == (sam, NOW, event.to_status)
    assert "continued" in event.note


def test_where_none_has_ended_it_is_kept_with_the_first_clone() -> None:
    batch, jobs = held_batch(JobStatus.WAITING, JobStatus.WAITING)

    continue_batch(batch, at=NOW)

    assert [job.events.count() for job in jobs] == [1, 0]


def test_a_canary_that_ended_badly_holds_nothing_up_once_a_person_said_so() -> None:
    batch, jobs = held_batch(JobStatus.FAILED, JobStatus.WAITING, canary=True)

    continue_batch(batch, at=NOW)
    review([batch.pk], NOW)

    batch.refresh_from_db()
    assert (batch.released_at, batch.held_since, due(jobs[1])) == (NOW, None, [NOW])


def test_a_batch_that_is_not_held_is_not_continued() -> None:
    batch, _ = held_batch(JobStatus.FAILED, JobStatus.WAITING)
    continue_batch(batch, at=BEFORE)

    with pytest.raises(InvalidRequestError, match="not held"):
        continue_batch(batch, at=NOW)


def test_canceling_the_rest_stops_what_waits_with_its_stores_and_ends_the_hold() -> None:
    batch, jobs = held_batch(JobStatus.FAILED, JobStatus.IN_PROGRESS, JobStatus.WAITING)
    new, sam = storeless(batch, next_action_at=None), staff()

    came = cancel_rest(batch, sam, at=NOW)

    assert came.canceled == [jobs[2], new]
    assert by_reason(came.left_out) == [("Ecwid has it already, and has no cancel call.", 1)]
    assert {fresh(job).status for job in came.canceled} == {JobStatus.CANCELED}
    assert (creation_of(new).status, jobs[2].events.get().actor) == (CreationStatus.CANCELED, sam)
    batch.refresh_from_db()
    assert (batch.held_since, batch.hold_reason) == (None, "")


def test_a_batch_is_not_held_for_what_is_in_doubt_and_being_found_out() -> None:
    batch, (lost,) = held_batch(JobStatus.WAITING)
    CloneJob.objects.update(unanswered_since=BEFORE, next_action_at=NOW)

    came = cancel_rest(batch, at=NOW)

    assert (came.canceled, fresh(lost).next_action_at) == ([], NOW)
    batch.refresh_from_db()
    assert batch.held_since is None


@pytest.mark.parametrize("facts", [HELD, {"canary": True}])
def test_what_is_held_stays_held_after_an_older_backup_was_put_back(facts: dict[str, Any]) -> None:
    batch, jobs = batch_of(JobStatus.FAILED, JobStatus.WAITING, **facts)
    TemplateStore.objects.update(product_count=5)
    CloneJob.objects.update(next_action_at=None)

    take_up(NOW)
    review([batch.pk], NOW)

    batch.refresh_from_db()
    assert (batch.held_since is None, fresh(jobs[1]).unanswered_since, due(jobs[1])) == (False, NOW, [None])
    continue_batch(batch, at=NOW)
    assert due(jobs[1]) == [NOW]


@pytest.mark.parametrize("status", [CreationStatus.CREATING, CreationStatus.LOOKING, CreationStatus.NEEDS_PERSON])
def test_a_store_that_was_asked_for_may_come_into_being_and_the_clones_history_says_so(status: CreationStatus) -> None:
    batch, _ = batch_of()
    job = storeless(batch, status, unanswered_since=BEFORE)

    assert cancel_rest(batch, at=NOW).canceled == [job]
    assert (fresh(job).status, creation_of(job).status) == (JobStatus.CANCELED, status)
    assert MAY_COME in job.events.get().note


def test_a_store_that_nobody_asked_for_needs_no_such_words() -> None:
    batch, _ = batch_of()
    job = storeless(batch)

    cancel_rest(batch, at=NOW)

    assert MAY_COME not in job.events.get().note


def test_what_canceling_would_do_is_told_before() -> None:
    batch, _ = batch_of(*ACTIVE, JobStatus.WAITING, JobStatus.FAILED)
    CloneJobFactory.create(batch=batch, unanswered_since=BEFORE)
    storeless(batch)
    storeless(batch, CreationStatus.LOOKING)
    storeless(batch_of(JobStatus.WAITING)[0], CreationStatus.LOOKING)  # of another batch

    told = cancelable(batch)
    came = cancel_rest(batch, at=NOW)

    assert (told.waiting, told.stores) == (4, 1) == (len(came.canceled), 1)
    assert sorted(told.kept) == sorted(by_reason(came.left_out))
    assert sorted(count for _, count in told.kept) == [1, 1, 2]
