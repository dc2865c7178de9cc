"""What is done with a whole batch, by people and the worker at the same instant, each in a thread of its own."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from clones.choices import HoldReason, JobStatus
from clones.engine import leasing
from clones.engine.batches import review
from clones.models import Batch, CloneJob, StoreCreation
from clones.operations.cancel import cancel_jobs
from clones.operations.holding import cancel_rest, continue_batch
from clones.operations.launch import Order, start_batch
from clones.operations.retry import retry_batch
from tests.batch_shapes import BEFORE, NOW, batch_of, due, failed, storeless
from tests.factories import WorkerBeatFactory
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 15


def held_batch() -> Batch:
    """Make a held batch: two that failed, three that wait, and one that waits for its store."""
    batch, _ = batch_of(
        *[JobStatus.FAILED] * 2, *[JobStatus.WAITING] * 3, held_since=BEFORE, hold_reason=HoldReason.SAME_FAILURES
    )
    storeless(batch, next_action_at=None)
    CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING).update(next_action_at=None)
    return batch


def assert_sound(batch: Batch) -> None:
    """No store has two active clones or creations, and whatever waits will be sent, or is held."""
    batch.refresh_from_db()
    active = list(CloneJob.objects.active().values_list("target_id", flat=True))
    assert len(active) == len(set(active))
    for job in CloneJob.objects.filter(status=JobStatus.WAITING).select_related("target", "batch"):
        creations = StoreCreation.objects.filter(target=job.target_id, finished_at=None)
        if job.batch.held_since is None:
            assert job.next_action_at is not None or creations.get().next_action_at is not None
        else:
            assert job.next_action_at is None
            assert [creation.next_action_at for creation in creations] in ([], [None])


def test_retry_cancel_and_review_of_a_held_batch_share_it_without_a_deadlock() -> None:
    for _ in range(ROUNDS):
        batch = held_batch()
        acts: list[Callable[[], object]] = [
            lambda: retry_batch(batch),  # noqa: B023  all called in this round
            lambda: cancel_rest(batch),  # noqa: B023
            lambda: review([batch.pk], NOW),  # noqa: B023
        ]

        at_once(*acts)

        assert_sound(batch)
        assert batch.held_since is None
        assert not CloneJob.objects.active().filter(batch=batch).exists()
        retried = list(CloneJob.objects.filter(retry_of__batch=batch).values_list("retry_of", flat=True))
        assert len(retried) == len(set(retried)) >= 2
        CloneJob.objects.filter(batch__retry_of=batch).update(next_action_at=NOW)


def test_of_continue_and_cancel_one_has_the_rest() -> None:
    for _ in range(ROUNDS):
        batch = held_batch()

        at_once(
            lambda: continue_batch(batch),  # noqa: B023  as above
            lambda: cancel_rest(batch),  # noqa: B023
            lambda: review([batch.pk], NOW),  # noqa: B023
        )

        assert_sound(batch)
        assert not CloneJob.objects.active().filter(batch=batch).exists()


def test_of_two_people_who_continue_a_batch_one_is_told_that_it_was() -> None:
    for _ in range(ROUNDS):
        batch = held_batch()

        said = at_once(lambda: continue_batch(batch), lambda: continue_batch(batch))  # noqa: B023  as above

        assert sorted(map(bool, said)) == [False, True]
        assert_sound(batch)


def test_two_people_who_retry_one_batch_make_one_of_it() -> None:
    for _ in range(ROUNDS):
        batch = held_batch()

        at_once(lambda: retry_batch(batch), lambda: retry_batch(batch))  # noqa: B023  as above

        assert batch.retries.get().jobs.count() == 6
        assert_sound(batch)


def test_what_is_leased_while_its_batch_is_being_held_is_either_sent_or_held() -> None:
    worker = WorkerBeatFactory.create()
    for _ in range(ROUNDS):
        batch, _ = batch_of(*[JobStatus.WAITING] * 4)
        for place in range(5):
            failed(batch, BEFORE + timedelta(seconds=place))

        at_once(
            lambda: leasing.lease_due(batch.connection_id, worker.pk, 2, NOW),  # noqa: B023  as above
            lambda: review([batch.pk], NOW),  # noqa: B023
            lambda: review([batch.pk], NOW),  # noqa: B023
        )
        review([batch.pk], NOW)

        batch.refresh_from_db()
        assert batch.held_since == NOW
        waiting = CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING)
        assert waiting.count() in (2, 4)
        assert set(due(*waiting)) == {None}


def test_of_a_cancel_and_a_launch_into_a_store_to_be_created_neither_waits_for_the_other_for_ever() -> None:
    for _ in range(ROUNDS):
        batch = held_batch()
        jobs = list(batch.jobs.filter(status=JobStatus.WAITING, next_action_at=None).exclude(target__store_id=""))
        order = Order(batch.template, [job.target.store_id for job in jobs])

        at_once(lambda: cancel_jobs(jobs), lambda: start_batch(order), lambda: retry_batch(batch))  # noqa: B023  as above

        assert_sound(batch)
