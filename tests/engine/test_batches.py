"""What the review makes of a batch, from its rows alone."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clones.choices import ACTIVE, ENDED_BADLY, CreationStatus, FailureKind, HoldReason, JobStatus, SiteStatus
from clones.engine.batches import LATELY, TURNS, Reviews, of_interest, review
from clones.engine.holds import is_held_back
from clones.models import Batch, CloneJob
from tests.batch_shapes import BEFORE, NOW, batch_of, canary_of_three, creation_of, due, failed, storeless
from tests.factories import CloneJobFactory, SiteCloneFactory, columns
from tests.together import at_once

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def reviewed(batch: Batch) -> Batch:
    review([batch.pk], NOW)
    batch.refresh_from_db()
    return batch


def five_failures(**facts: Any) -> Batch:
    batch, _ = batch_of(**facts)
    for place in range(5):
        failed(batch, BEFORE + place * SECOND)
    return batch


class TestCanary:
    def test_the_rest_follows_once_it_completed(self) -> None:
        batch, jobs = canary_of_three(JobStatus.COMPLETED)

        assert reviewed(batch).released_at == NOW
        assert due(*jobs) == [None, NOW, NOW]

    def test_stores_are_created_then_and_what_waits_for_them_goes_on_waiting(self) -> None:
        batch, _ = canary_of_three(JobStatus.COMPLETED)
        job = storeless(batch, next_action_at=None)

        reviewed(batch)

        assert creation_of(job).next_action_at == NOW
        assert due(job) == [None]

    @pytest.mark.parametrize("status", ACTIVE)
    def test_the_rest_waits_while_it_is_under_way(self, status: JobStatus) -> None:
        batch, jobs = canary_of_three(status)

        assert reviewed(batch).released_at is None
        assert (batch.held_since, due(*jobs)) == (None, [BEFORE, None, None])

    @pytest.mark.parametrize("status", ENDED_BADLY)
    def test_the_batch_is_held_where_it_ended_badly(self, status: JobStatus) -> None:
        batch, jobs = canary_of_three(status)

        assert reviewed(batch).hold_reason == HoldReason.CANARY
        assert (batch.held_since, due(*jobs[1:])) == (NOW, [None, None])
        assert "The batch is held" in jobs[0].events.get().note

    @pytest.mark.parametrize(
        ("status", "is_released", "is_held"),
        [
            (SiteStatus.WAITING, False, False),
            (SiteStatus.CLONING, False, False),
            (SiteStatus.DONE, True, False),
            (SiteStatus.FAILED, False, True),
            (SiteStatus.NEEDS_PERSON, False, True),
            (SiteStatus.CANCELED, False, True),
        ],
    )
    def test_its_site_must_end_well_too(self, status: SiteStatus, is_released: bool, is_held: bool) -> None:
        batch, (job, *_) = canary_of_three(JobStatus.COMPLETED)
        SiteCloneFactory.create(job=job, status=status)

        reviewed(batch)

        assert (batch.released_at is not None, batch.held_since is not None) == (is_released, is_held)

    @pytest.mark.parametrize(
        ("status", "is_held"), [(CreationStatus.NEEDS_PERSON, True), (CreationStatus.CREATING, False)]
    )
    def test_the_batch_is_held_where_its_store_needs_a_person(self, status: CreationStatus, is_held: bool) -> None:
        batch, _ = batch_of(canary=True)
        storeless(batch, status)
        storeless(batch, next_action_at=None)

        assert (reviewed(batch).held_since is not None) == is_held

    def test_it_is_a_batch_of_its_own_where_nothing_else_is_left(self) -> None:
        batch, _ = batch_of(JobStatus.FAILED, JobStatus.CANCELED, canary=True)

        assert (reviewed(batch).held_since, batch.ended_at) == (None, NOW)

    def test_there_is_nothing_to_hold_where_all_others_were_sent_or_canceled(self) -> None:
        batch, _ = batch_of(JobStatus.FAILED, JobStatus.QUEUED, JobStatus.CANCELED, canary=True)

        assert (reviewed(batch).held_since, batch.ended_at) == (None, None)


class TestFiveFailures:
    def test_they_hold_the_batch(self) -> None:
        batch = five_failures()
        waiting, new = batch_more(batch, JobStatus.WAITING), storeless(batch)
        other, elsewhere = batch_more(batch_of()[0], JobStatus.WAITING), storeless(batch_of()[0])

        assert reviewed(batch).hold_reason == HoldReason.SAME_FAILURES
        assert (batch.held_since, due(waiting, new), creation_of(new).next_action_at) == (NOW, [None, None], None)
        assert None not in (*due(other), creation_of(elsewhere).next_action_at)

    def test_a_hold_touches_nothing_that_is_in_doubt_leased_or_sent(self) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        in_doubt = batch_more(batch, JobStatus.WAITING, unanswered_since=BEFORE)
        leased = batch_more(batch, JobStatus.WAITING, lease_token="held")
        sent = [batch_more(batch, status) for status in ACTIVE if status != JobStatus.WAITING]
        before = list(CloneJob.objects.filter(pk__in=[in_doubt.pk, leased.pk, *(job.pk for job in sent)]).values())

        assert reviewed(batch).held_since == NOW
        assert list(CloneJob.objects.filter(pk__in=[row["id"] for row in before]).values()) == before

    def test_a_store_that_is_being_created_is_not_touched(self) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        creations = [
            creation_of(storeless(batch, status)) for status in (CreationStatus.CREATING, CreationStatus.LOOKING)
        ]
        leased = creation_of(storeless(batch, lease_token="held"))

        reviewed(batch)

        for creation in (*creations, leased):
            known = creation.next_action_at
            creation.refresh_from_db()
            assert creation.next_action_at == known == creation.created_at

    def test_four_do_not(self) -> None:
        batch, _ = batch_of(JobStatus.WAITING)
        for place in range(4):
            failed(batch, BEFORE + place * SECOND)

        assert reviewed(batch).held_since is None

    def test_those_of_another_batch_do_not_count(self) -> None:
        five_failures()
        batch, _ = batch_of(JobStatus.WAITING)

        assert reviewed(batch).held_since is None

    def test_a_clone_that_completes_in_another_batch_does_not_interrupt_them(self) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        batch_of(*[JobStatus.COMPLETED] * 5)

        assert reviewed(batch).held_since == NOW

    @pytest.mark.parametrize("between", [3.5, 4.0])
    def test_a_completed_one_among_them_interrupts_them(self, between: float) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        batch_more(batch, JobStatus.COMPLETED, finished_at=BEFORE + between * SECOND)

        assert reviewed(batch).held_since is None

    @pytest.mark.parametrize(
        ("status", "after"), [(JobStatus.CANCELED, 3.5), (JobStatus.COMPLETED, -1), (JobStatus.IN_PROGRESS, None)]
    )
    def test_others_do_not_interrupt_them(self, status: JobStatus, after: float | None) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        batch_more(batch, status, **({} if after is None else {"finished_at": BEFORE + after * SECOND}))

        assert reviewed(batch).held_since == NOW

    @pytest.mark.parametrize(
        "reason", [(FailureKind.TARGET, "OTHER"), (FailureKind.TEMPLATE, "FULL"), (FailureKind.ECWID, "")]
    )
    def test_another_reason_interrupts_them(self, reason: tuple[FailureKind, str]) -> None:
        batch = five_failures()
        batch_more(batch, JobStatus.WAITING)
        failed(batch, BEFORE + 3.5 * SECOND, *reason)

        assert reviewed(batch).held_since is None

    def test_those_that_a_person_has_seen_count_no_more(self) -> None:
        batch = five_failures(continued_at=BEFORE + 2 * SECOND)
        batch_more(batch, JobStatus.WAITING)

        assert reviewed(batch).held_since is None

        for place in range(5, 8):
            failed(batch, BEFORE + place * SECOND)
        assert reviewed(batch).held_since == NOW

    @pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.SUBMITTING])
    def test_there_is_nothing_to_hold_where_all_was_sent(self, status: JobStatus) -> None:
        batch = five_failures()
        batch_more(batch, status)
        storeless(batch, CreationStatus.NEEDS_PERSON)

        assert (reviewed(batch).held_since, batch.ended_at) == (None, None)


class TestHeld:
    def test_what_comes_back_unsent_is_held_by_the_next_review(self) -> None:
        batch, (job,) = batch_of(JobStatus.WAITING, held_since=BEFORE, hold_reason=HoldReason.CANARY)

        assert reviewed(batch).held_since == BEFORE
        assert due(job) == [None]

    def test_a_hold_of_nothing_is_over(self) -> None:
        batch, _ = batch_of(
            JobStatus.QUEUED, JobStatus.CANCELED, held_since=BEFORE, hold_reason=HoldReason.SAME_FAILURES
        )

        assert (reviewed(batch).held_since, batch.hold_reason, batch.ended_at) == (None, "", None)

    def test_a_store_that_came_into_being_is_not_cloned_into_while_its_batch_is_held_or_waits_for_its_canary(
        self,
    ) -> None:
        held, (one,) = batch_of(JobStatus.WAITING, held_since=BEFORE, hold_reason=HoldReason.CANARY)
        flying, (canary, other, _) = canary_of_three(JobStatus.WAITING)
        plain, (free,) = batch_of(JobStatus.WAITING)

        cases = [(one, held), (canary, flying), (other, flying), (free, plain)]
        assert [is_held_back(job, batch) for job, batch in cases] == [True, False, True, False]


class TestEnd:
    @pytest.mark.parametrize("status", ACTIVE)
    def test_a_batch_with_an_active_clone_goes_on(self, status: JobStatus) -> None:
        batch, _ = batch_of(JobStatus.COMPLETED, status)

        assert reviewed(batch).ended_at is None

    def test_it_ends_with_its_last_clone(self) -> None:
        batch, _ = batch_of(JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED)

        assert reviewed(batch).ended_at == NOW

    def test_it_ends_once(self) -> None:
        batch, _ = batch_of(JobStatus.COMPLETED, ended_at=BEFORE)

        assert reviewed(batch).ended_at == BEFORE

    @pytest.mark.parametrize("status", [CreationStatus.WAITING, CreationStatus.CREATING, CreationStatus.LOOKING])
    def test_it_goes_on_while_a_store_is_to_be_created(self, status: CreationStatus) -> None:
        batch, _ = batch_of(JobStatus.COMPLETED)
        storeless(batch, status)

        assert reviewed(batch).ended_at is None

    def test_nobody_waits_for_a_store_that_needs_a_person(self) -> None:
        batch, _ = batch_of(JobStatus.COMPLETED)
        storeless(batch, CreationStatus.NEEDS_PERSON)

        assert reviewed(batch).ended_at == NOW

    @pytest.mark.parametrize("status", SiteStatus)
    def test_it_goes_on_while_a_site_moves(self, status: SiteStatus) -> None:
        batch, (job,) = batch_of(JobStatus.COMPLETED)
        SiteCloneFactory.create(job=job, status=status)

        moves = status in {SiteStatus.WAITING, SiteStatus.CLONING}
        assert (reviewed(batch).ended_at is None) == moves

    def test_a_held_batch_that_was_canceled_ends_and_is_held_no_more(self) -> None:
        batch, _ = batch_of(JobStatus.FAILED, JobStatus.CANCELED, held_since=BEFORE, hold_reason=HoldReason.CANARY)

        assert (reviewed(batch).ended_at, batch.held_since, batch.hold_reason) == (NOW, None, "")


class TestTurns:
    def test_of_interest_is_what_ended_lately_what_does_not_move_and_a_canary(self) -> None:
        lately, old = (batch_of(JobStatus.WAITING, JobStatus.FAILED)[0] for _ in range(2))
        CloneJob.objects.filter(batch=lately, status=JobStatus.FAILED).update(finished_at=NOW - LATELY)
        still, _ = batch_of(JobStatus.FAILED)
        canary, _ = canary_of_three(JobStatus.IN_PROGRESS)
        batch_of(JobStatus.FAILED, ended_at=NOW)

        assert of_interest(NOW) == [lately.pk, still.pk, canary.pk]
        assert old.pk not in of_interest(NOW)

    def test_what_was_held_a_moment_ago_is_looked_at_again_for_rows_that_somebody_had_in_hand(self) -> None:
        held = {"held_since": NOW - LATELY, "hold_reason": HoldReason.SAME_FAILURES}
        batch, _ = batch_of(JobStatus.WAITING, JobStatus.FAILED, **held)

        assert of_interest(NOW) == [batch.pk]
        assert of_interest(NOW + SECOND) == []

    def test_every_open_batch_is_reviewed_within_a_round_of_turns(self) -> None:
        batches = [five_failures() for _ in range(2 * TURNS)]
        for batch in batches:
            batch_more(batch, JobStatus.WAITING)
        reviews, held = Reviews(), []

        for _ in range(TURNS):
            reviews.take_turn(NOW)
            held.append(Batch.objects.exclude(held_since=None).count())

        assert held == [2 * turn for turn in range(1, TURNS + 1)]

    def test_a_batch_that_breaks_leaves_the_others_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        first, _ = batch_of(JobStatus.COMPLETED)
        second, _ = batch_of(JobStatus.COMPLETED)

        def broken(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith("UPDATE") and first.pk in params:
                raise ValueError(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(broken):
            review([first.pk, second.pk], NOW)

        assert [batch.ended_at for batch in Batch.objects.order_by("pk")] == [None, NOW]
        assert f"Batch {first.pk} could not be reviewed" in caplog.text

    def test_a_turn_costs_a_handful_of_queries_however_many_batches_are_open(self) -> None:
        for _ in range(TURNS):
            batch_of(JobStatus.IN_PROGRESS, JobStatus.WAITING)
        reviews = Reviews()
        reviews.take_turn(NOW)

        with CaptureQueriesContext(connection) as captured:
            reviews.take_turn(NOW)

        assert len(captured) == 5


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_do_it_once() -> None:
    for _ in range(10):
        batch, jobs = canary_of_three(JobStatus.FAILED)

        at_once(*[lambda: review([batch.pk], NOW)] * 4)  # noqa: B023  called in this round

        assert jobs[0].events.count() == 1
        assert columns(jobs[1], "next_action_at", "version") == {"next_action_at": None, "version": 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for everything")
def test_a_batch_that_somebody_holds_is_left_for_the_next_time() -> None:
    batch, _ = batch_of(JobStatus.COMPLETED)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Batch.objects.select_for_update().get(pk=batch.pk)
            locked.set()
            done.wait(120)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(120)
    assert reviewed(batch).ended_at is None
    done.set()
    thread.join()
    assert reviewed(batch).ended_at == NOW


def batch_more(batch: Batch, status: JobStatus, **facts: Any) -> CloneJob:
    return CloneJobFactory.create(batch=batch, status=status, created_at=BEFORE, **facts)
