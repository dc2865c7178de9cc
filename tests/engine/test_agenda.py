"""Which job comes first when requests are short."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clones.choices import CloneScope, JobStatus
from clones.engine.agenda import Agenda, Due, Entry, Look, Start, due_jobs, in_order_of_worth, in_turn, merged
from clones.engine.history import Kind, Outlook, Outlooks, Running
from clones.models import Batch, CloneJob
from tests.factories import BatchFactory, CloneJobFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KIND: Kind = (1, CloneScope.ALL)
BIG, SMALL = 1, 2


def outlook(**batch_sizes: int) -> Outlook:
    """Return one of clones that take five minutes."""
    sizes = {BIG: batch_sizes.get("big", 0), SMALL: batch_sizes.get("small", 0)}
    running = [Running(KIND, batch, 100.0) for batch, size in sizes.items() for _ in range(size)]
    return Outlook(running, sizes, lambda _: [290.0, 300.0, 310.0] * 20)


def starts(batch_id: int, *job_ids: int, waiting: int = 2000) -> list[Start]:
    return [Start(job_id, batch_id, waiting) for job_id in job_ids]


def looks(*worths: float) -> list[Entry]:
    return [Entry(100 + place, BIG, False, worth) for place, worth in enumerate(worths)]


def ids(entries: list[Entry]) -> list[int]:
    return [entry.job_id for entry in entries]


def test_batches_take_turns_to_start_their_clones() -> None:
    order = in_turn(starts(BIG, 1, 2, 3) + starts(SMALL, 8, 9), {})

    assert ids(order) == [1, 8, 2, 9, 3]


def test_the_batch_whose_turn_was_longest_ago_goes_first() -> None:
    order = in_turn(starts(BIG, 1) + starts(SMALL, 9) + starts(3, 5), {BIG: 7, SMALL: 6})

    assert ids(order) == [5, 9, 1]


def test_a_lost_answer_is_asked_for_before_anything_new() -> None:
    order = in_turn([*starts(BIG, 1, 2), Start(9, SMALL, 2000, in_doubt=True)], {SMALL: 5})

    assert ids(order) == [9, 1, 2]


def test_the_clone_that_is_probably_over_is_looked_at_first() -> None:
    due = [Look(1, BIG, KIND, 100.0, 20.0), Look(2, BIG, KIND, 290.0, 15.0), Look(3, BIG, KIND, 290.0, 10.0)]

    assert ids(in_order_of_worth(due, outlook(big=3))) == [2, 3, 1]


def test_of_equal_clones_that_of_the_smaller_batch_is_looked_at_first() -> None:
    due = [Look(1, BIG, KIND, 290.0, 10.0), Look(2, SMALL, KIND, 290.0, 10.0)]

    assert ids(in_order_of_worth(due, outlook(big=2000, small=1))) == [2, 1]


def test_a_big_batch_does_not_wait_until_all_small_ones_have_nothing_due() -> None:
    due = [Look(1, BIG, KIND, 290.0, 60.0), Look(2, SMALL, KIND, 290.0, 1.0)]

    assert ids(in_order_of_worth(due, outlook(big=20, small=10))) == [1, 2]


@pytest.mark.parametrize(("look_first", "order"), [(False, [1, 100, 2, 101, 3]), (True, [100, 1, 101, 2, 3])])
def test_starts_and_looks_take_turns(look_first: bool, order: list[int]) -> None:
    assert ids(list(merged(in_turn(starts(BIG, 1, 2, 3), {}), looks(5.0, 4.0), look_first=look_first))) == order


def test_a_look_of_little_worth_waits_for_the_starts() -> None:
    order = merged(in_turn(starts(BIG, 1, 2), {}), looks(5.0, 1e-9), look_first=True)

    assert ids(list(order)) == [100, 1, 2, 101]


class Clerk:
    """Tells an agenda what is due, which takes `seconds` of a clock of its own, and counts how often it asks."""

    def __init__(self, *due: Start, seconds: float = 0.0) -> None:
        self.due, self.asked = list(due), 0
        self.clock, self.seconds = 0.0, seconds

    def read(self, _: int, __: datetime) -> Due:
        self.asked += 1
        self.clock += self.seconds
        return self.due, []


def agenda(clerk: Clerk) -> Agenda:
    return Agenda(Outlooks(lambda *_: outlook()), clerk.read, lambda: clerk.clock)


def test_an_order_is_used_up_before_it_is_made_again_within_a_second() -> None:
    clerk = Clerk(*starts(BIG, 1, 2, 3))
    order = agenda(clerk)

    taken = [order.next_jobs(1, 2, NOW) for _ in range(2)]

    assert (taken, clerk.asked) == ([[1, 2], [3]], 1)
    order.next_jobs(1, 2, NOW)
    assert clerk.asked == 2


def test_after_a_second_what_is_new_comes_in() -> None:
    clerk = Clerk(*starts(BIG, 1, 2, 3))
    order = agenda(clerk)
    order.next_jobs(1, 1, NOW)
    clerk.due = starts(BIG, 2, 3) + starts(SMALL, 9)

    assert order.next_jobs(1, 1, NOW + timedelta(seconds=1)) == [9]


@pytest.mark.parametrize(("later", "asked"), [(4.9, 1), (5.0, 2)])
def test_an_order_that_takes_half_a_second_to_make_is_kept_for_five(later: float, asked: int) -> None:
    clerk = Clerk(*starts(BIG, *range(1, 9)), seconds=0.5)
    order = agenda(clerk)
    order.next_jobs(1, 1, NOW)

    order.next_jobs(1, 1, NOW + timedelta(seconds=later))

    assert clerk.asked == asked


@pytest.mark.parametrize(("later", "asked"), [(0.0, 1), (4.9, 1), (5.0, 2)])
def test_an_order_in_which_nothing_stands_is_not_made_all_the_time(later: float, asked: int) -> None:
    clerk = Clerk(seconds=0.5)
    order = agenda(clerk)
    order.prepared(1, NOW)

    assert order.next_jobs(1, 1, NOW + timedelta(seconds=later)) == []

    assert clerk.asked == asked


def test_an_answer_ends_the_rest_of_an_order_in_which_nothing_stands() -> None:
    clerk = Clerk(seconds=0.5)
    order = agenda(clerk)
    order.prepared(1, NOW)
    order.prepared(2, NOW)
    clerk.due = starts(BIG, 1)

    order.end_rest(1)

    assert [order.next_jobs(pk, 1, NOW + timedelta(milliseconds=1)) for pk in (1, 2)] == [[1], []]


def test_an_order_that_was_used_up_is_made_again_with_the_next_round() -> None:
    clerk = Clerk(*starts(BIG, 1), seconds=0.5)
    order = agenda(clerk)
    order.next_jobs(1, 1, NOW)

    assert order.next_jobs(1, 1, NOW + timedelta(milliseconds=1)) == [1]


def test_every_connection_has_an_order_of_its_own() -> None:
    order = agenda(Clerk(*starts(BIG, 1, 2)))

    assert [order.next_jobs(pk, 1, NOW) for pk in (1, 2, 1)] == [[1], [1], [2]]


def job(batch: Batch, status: JobStatus = JobStatus.WAITING, **more: object) -> CloneJob:
    created: CloneJob = CloneJobFactory.create(
        batch=batch, status=status, created_at=NOW - timedelta(seconds=30), **more
    )
    return created


@pytest.mark.django_db
def test_what_is_due_is_read_with_what_its_order_depends_on() -> None:
    batch = BatchFactory.create()
    waiting = [job(batch), job(batch, unanswered_since=NOW)]
    running = job(
        batch, JobStatus.QUEUED, accepted_at=NOW - timedelta(seconds=30), next_action_at=NOW - timedelta(seconds=10)
    )
    job(batch, next_action_at=NOW + timedelta(seconds=1))
    job(batch, lease_token="another")
    job(BatchFactory.create())

    found, seen = due_jobs(batch.connection_id, NOW)

    assert sorted(found) == [Start(waiting[0].pk, batch.pk, 2), Start(waiting[1].pk, batch.pk, 2, in_doubt=True)]
    assert seen == [Look(running.pk, batch.pk, (batch.template_id, CloneScope.ALL), 20.0, 10.0)]


@pytest.mark.django_db
def test_of_a_big_batch_the_doubts_and_those_longest_due_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.engine.agenda.AHEAD", 2)
    batch = BatchFactory.create()
    other = BatchFactory.create(template=batch.template)
    late, early, doubt = (
        job(batch, next_action_at=NOW - timedelta(seconds=seconds), unanswered_since=since)
        for seconds, since in ((5, None), (9, None), (1, NOW))
    )
    single = job(other)

    found, _ = due_jobs(batch.connection_id, NOW)

    assert {start.job_id for start in found} == {doubt.pk, early.pk, single.pk}
    assert late.pk not in {start.job_id for start in found}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("others", "sent"),
    [
        ({}, 5),
        ({JobStatus.SUBMITTING: 3}, 2),
        ({JobStatus.SUBMITTING: 6}, 0),
        ({JobStatus.FAILED: 4}, 5),
        ({JobStatus.QUEUED: 1, JobStatus.SUBMITTING: 5}, 1),
        ({JobStatus.IN_PROGRESS: 1, JobStatus.COMPLETED: 2}, 8),
        ({JobStatus.COMPLETED: 20, JobStatus.SUBMITTING: 9}, 12),
    ],
)
def test_a_batch_is_sent_five_at_a_time_and_one_more_for_each_that_ecwid_has_accepted(
    others: dict[JobStatus, int], sent: int
) -> None:
    batch = BatchFactory.create()
    for status, count in others.items():
        CloneJobFactory.create_batch(count, batch=batch, status=status, next_action_at=None)
    for _ in range(12):
        job(batch)

    found, _ = due_jobs(batch.connection_id, NOW)

    assert len(found) == sent


@pytest.mark.django_db
def test_what_repeats_a_lost_answer_is_sent_all_the_same() -> None:
    batch = BatchFactory.create()
    for number in range(20):
        job(batch, unanswered_since=NOW if number < 8 else None)

    found, _ = due_jobs(batch.connection_id, NOW)

    assert [start.in_doubt for start in found] == [True] * 8


@pytest.mark.django_db
def test_more_due_jobs_cost_no_more_queries() -> None:
    batch = BatchFactory.create()
    counts = []
    for size in (6, 20):
        CloneJobFactory.create_batch(size, batch=batch, created_at=NOW)
        CloneJobFactory.create_batch(size, batch=batch, created_at=NOW, status=JobStatus.QUEUED)
        with CaptureQueriesContext(connection) as queries:
            Agenda(Outlooks()).next_jobs(batch.connection_id, 10, NOW)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6
