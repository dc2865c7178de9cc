"""What a person decides about a store that was to be created."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from clones.choices import CreationStatus, FailureKind, HoldReason, JobStatus
from clones.engine.batches import review
from clones.engine.holds import canary_of
from clones.models import Batch, CloneEvent, CloneJob, StoreCreation, TargetStore
from clones.operations.cancel import cancel_jobs
from clones.operations.creations import creation_of, enter_store, give_up_store, look_again
from clones.operations.errors import InvalidRequestError
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)
from tests.people import staff
from tests.together import at_once

NOW = timezone.now()
SCOPE: dict[str, Any] = {"error_code": "INSUFFICIENT_APP_SCOPE", "error_message": "Lacks the scope."}

pytestmark = pytest.mark.django_db


def stuck(*, in_doubt: bool = True, status: CreationStatus = CreationStatus.NEEDS_PERSON, **fields: object) -> CloneJob:
    """Make a clone whose store needs a person."""
    doubt = {"unanswered_since": NOW, "submitted_at": NOW} if in_doubt else {}
    row = StoreCreationFactory.create(status=status, next_action_at=None, **{**doubt, **fields})
    template = TemplateStoreFactory.create(connection=row.connection)
    batch = BatchFactory.create(template=template)
    return CloneJobFactory.create(batch=batch, target=row.target, next_action_at=None)


def row_of(job: CloneJob) -> StoreCreation:
    row = creation_of(CloneJob.objects.get(pk=job.pk))
    assert row is not None
    return row


def held(job: CloneJob) -> CloneJob:
    job.batch.held_since, job.batch.hold_reason = NOW, HoldReason.SAME_FAILURES
    job.batch.save()
    return job


def test_a_store_that_is_entered_lets_the_clone_go_on() -> None:
    sam, job = staff(), stuck()

    enter_store(job, " 7001 ", " secret_7001 ", sam)

    job.refresh_from_db()
    assert (job.target.store_id, job.target.token.reveal()) == ("7001", "secret_7001")
    assert (row_of(job).status, row_of(job).unanswered_since) == (CreationStatus.CREATED, None)
    assert job.next_action_at is not None
    event = CloneEvent.objects.get(job=job)
    assert (event.actor, "7001" in event.note, "secret_7001" in event.note) == (sam, True, False)


def test_without_a_token_it_goes_on_too() -> None:
    job = stuck()

    enter_store(job, "7001")

    job.refresh_from_db()
    assert (job.target.store_id, bool(job.target.token)) == ("7001", False)


def test_in_a_held_batch_the_clone_waits_on() -> None:
    job = held(stuck())

    enter_store(job, "7001")

    job.refresh_from_db()
    assert (job.target.store_id, job.next_action_at) == ("7001", None)


def test_a_known_target_without_an_active_clone_takes_it_over() -> None:
    job = stuck()
    known = TargetStoreFactory.create(connection=job.connection, store_id="7001", archived_at=NOW)
    CloneJobFactory.create(target=known, batch=job.batch, status=JobStatus.COMPLETED)

    moved = enter_store(job, "7001")

    assert (moved.target, TargetStore.objects.get(pk=known.pk).archived_at) == (known, None)
    assert TargetStore.objects.filter(store_id="").count() == 0


@pytest.mark.parametrize(
    ("store_id", "token", "field", "message"),
    [
        ("", "", "store_id", "not a store ID"),
        ("abc", "", "store_id", "not a store ID"),
        ("7001", "sécret", "access_token", "copy it from Ecwid"),
        ("1001", "", "store_id", "template store is never a target"),
        ("9001", "", "store_id", "has not ended yet"),
        ("9002", "", "store_id", "was created for"),
    ],
)
def test_what_cannot_be_it_is_refused_and_changes_nothing(store_id: str, token: str, field: str, message: str) -> None:
    job = stuck()
    TemplateStoreFactory.create(connection=job.connection, store_id="1001")
    busy = TargetStoreFactory.create(connection=job.connection, store_id="9001")
    CloneJobFactory.create(batch=job.batch, target=busy)
    another = TargetStoreFactory.create(connection=job.connection, store_id="9002")
    StoreCreationFactory.create(connection=job.connection, target=another, status=CreationStatus.CREATED)

    with pytest.raises(InvalidRequestError, match=message) as caught:
        enter_store(job, store_id, token)

    assert caught.value.field == field
    assert row_of(job).status == CreationStatus.NEEDS_PERSON
    assert "sécret" not in str(caught.value)


@pytest.mark.parametrize("status", [status for status in CreationStatus if status != CreationStatus.NEEDS_PERSON])
def test_what_does_not_wait_for_a_person_is_left_alone(status: CreationStatus) -> None:
    job = stuck(status=status)

    for act in (lambda: enter_store(job, "7001"), lambda: look_again(job), lambda: give_up_store(job)):
        with pytest.raises(InvalidRequestError, match="does not wait for a person"):
            act()

    assert row_of(job).status == status


def test_what_may_have_been_sent_is_looked_up_again_and_never_just_sent() -> None:
    job = stuck()

    assert look_again(job) == 1

    assert (row_of(job).status, row_of(job).unanswered_since) == (CreationStatus.LOOKING, NOW)
    assert row_of(job).next_action_at is not None


def test_what_lacked_a_right_is_asked_for_again_with_all_that_wait_for_it() -> None:
    connection = ConnectionFactory.create()
    jobs = [stuck(in_doubt=False, connection=connection, **SCOPE) for _ in range(3)]
    kept = held(jobs[2])
    in_doubt, elsewhere = stuck(connection=connection, **SCOPE), stuck(in_doubt=False, **SCOPE)
    otherwise = stuck(in_doubt=False, connection=connection, error_code="CONSTRAINT_VIOLATION")

    assert look_again(jobs[0], staff()) == 3

    assert {row_of(job).status for job in jobs} == {CreationStatus.WAITING}
    assert [row_of(job).next_action_at is None for job in jobs] == [False, False, True]
    assert row_of(kept).error_message == ""
    assert {row_of(job).status for job in (in_doubt, elsewhere, otherwise)} == {CreationStatus.NEEDS_PERSON}
    assert all("asked for again" in CloneEvent.objects.get(job=job).note for job in jobs)


def test_a_store_that_is_given_up_ends_its_clone() -> None:
    sam, job = staff(), stuck()

    give_up_store(job, sam)

    job.refresh_from_db()
    assert (job.status, job.failure_kind) == (JobStatus.FAILED, FailureKind.NO_STORE)
    assert (row_of(job).status, row_of(job).unanswered_since) == (CreationStatus.FAILED, None)
    assert CloneEvent.objects.get(job=job).actor == sam


def test_a_store_whose_clone_was_canceled_can_still_be_cleared_up() -> None:
    job = stuck()
    CloneJob.objects.update(status=JobStatus.CANCELED, finished_at=NOW + timedelta(seconds=1))

    give_up_store(job)

    assert row_of(job).status == CreationStatus.FAILED
    assert CloneJob.objects.get(pk=job.pk).status == JobStatus.CANCELED


def test_a_store_that_was_never_asked_for_goes_with_its_canceled_clone() -> None:
    canceled = stuck(in_doubt=False, **SCOPE)
    other = stuck(in_doubt=False, connection=row_of(canceled).connection, **SCOPE)

    cancel_jobs([canceled])
    look_again(other)

    assert [row_of(job).status for job in (canceled, other)] == [CreationStatus.CANCELED, CreationStatus.WAITING]


def test_a_store_in_doubt_is_still_for_a_person_when_its_clone_is_canceled() -> None:
    job = stuck()

    cancel_jobs([job])

    assert row_of(job).status == CreationStatus.NEEDS_PERSON


def test_what_comes_late_to_a_batch_that_has_ended_waits_for_no_canary() -> None:
    job = stuck()
    batch = job.batch
    batch.canary, batch.ended_at = True, NOW
    batch.save()
    CloneJobFactory.create(batch=batch, status=JobStatus.FAILED, created_at=NOW - timedelta(days=1), finished_at=NOW)

    enter_store(job, "7001")

    job.refresh_from_db()
    assert job.next_action_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_again_for_alike_stores_do_not_wait_for_each_other_for_ever() -> None:
    for _ in range(15):
        first = stuck(in_doubt=False, **SCOPE)
        jobs = [first, *(stuck(in_doubt=False, connection=row_of(first).connection, **SCOPE) for _ in range(5))]

        at_once(*[partial(look_again, job) for job in (jobs[0], jobs[5], jobs[2])])

        assert {row_of(job).status for job in jobs} == {CreationStatus.WAITING}


def test_what_waits_for_its_canary_is_due_only_after_it() -> None:
    job = stuck()
    Batch.objects.update(canary=True)
    first = CloneJobFactory.create(batch=job.batch, created_at=NOW - timedelta(days=1))
    assert canary_of(job.batch) == first

    enter_store(job, "7001")

    job.refresh_from_db()
    assert job.next_action_at is None


def held_for(first: CloneJob) -> CloneJob:
    """Hold the batch of `first`, which goes alone, and return a clone that waits for it."""
    first.batch.canary, first.batch.held_since, first.batch.hold_reason = True, NOW, HoldReason.CANARY
    first.batch.save()
    return CloneJobFactory.create(batch=first.batch, next_action_at=None)


def test_a_first_one_whose_store_is_entered_goes_on_alone_and_ends_the_hold() -> None:
    first = stuck()
    waiting = held_for(first)

    enter_store(first, "7001")
    review([first.batch_id], timezone.now())

    for row in (first, waiting, first.batch):
        row.refresh_from_db()
    assert (first.next_action_at is not None, waiting.next_action_at, first.batch.held_since) == (True, None, None)

    CloneJob.objects.filter(pk=first.pk).update(status=JobStatus.COMPLETED, ticket="t", finished_at=NOW)
    review([first.batch_id], NOW)
    waiting.refresh_from_db()
    assert waiting.next_action_at == NOW


@pytest.mark.parametrize("in_doubt", [True, False])
def test_a_first_one_whose_store_is_looked_for_again_ends_the_hold(in_doubt: bool) -> None:
    first = stuck(in_doubt=in_doubt)
    waiting = held_for(first)

    look_again(first)
    review([first.batch_id], timezone.now())

    for row in (waiting, first.batch):
        row.refresh_from_db()
    assert row_of(first).next_action_at is not None
    assert (waiting.next_action_at, first.batch.held_since) == (None, None)
