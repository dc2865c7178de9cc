"""What the engine counts for the monitor, and that nothing of it is lost or counted twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clones.choices import JobStatus
from clones.ecwid import (
    CloneErrorCode,
    CloneStatus,
    Conflict,
    CredentialsRefused,
    EcwidError,
    NoAnswer,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
)
from clones.engine.calls import Answer
from clones.engine.tally import OUTCOMES, CallKind, Tally, count_test
from clones.models import CloneJob, Connection, Counted, Counter
from tests.engine.answers import refusal, status
from tests.factories import CloneJobFactory, ConnectionFactory
from tests.together import at_once

NOW = timezone.now()
RESULTS: dict[str, list[object]] = {
    "ok": ["a ticket", status("COMPLETED"), status("FAILED"), status("ODD"), True, False],
    "rate_limited": [RateLimited(5)],
    "key_refused": [CredentialsRefused("AUTH_APP_DOESNT_EXIST", "")],
    "not_found": [NotFound("", "")],
    "refused": [refusal(CloneErrorCode.TARGET_NOT_FOUND), Conflict("", ""), Refused("", "")],
    "no_answer": [NoAnswer("it did not come in time")],
    "not_sent": [NotSent("Ecwid could not be reached.")],
}


def counted(name: Counted) -> dict[tuple[str, str], float]:
    """Return (call, part) → number, as the database has it."""
    rows = Counter.objects.filter(name=name).values_list("call", "part", "value")
    return {(call, part): value for call, part, value in rows}


def a_look(result: CloneStatus | EcwidError, job: CloneJob) -> Answer:
    return Answer(job, submits=False, result=result, asked_at=NOW)


def write(*answers: Answer) -> None:
    tally = Tally()
    for answer in answers:
        tally.add(answer, NOW)
    tally.write()


@contextmanager
def no_table() -> Iterator[None]:
    """Take the table away until the error that this must bring."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE clones_counter RENAME TO away")
        yield


@pytest.fixture
def job(db: None) -> CloneJob:
    """Return a clone that is looked at half a second too late."""
    late = NOW - timedelta(seconds=0.5)
    return CloneJobFactory.create(status=JobStatus.IN_PROGRESS, next_action_at=late, accepted_at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_request_is_counted_by_what_came(outcome: str) -> None:
    connection = ConnectionFactory.create()

    for result in RESULTS[outcome]:
        count_test(connection.pk, result)

    assert counted(Counted.REQUESTS) == {("test", outcome): len(RESULTS[outcome])}


def test_starts_and_looks_are_counted_apart(job: CloneJob) -> None:
    start = Answer(job, submits=True, result="a ticket", asked_at=NOW)

    write(start, a_look(status("IN_PROGRESS"), job), a_look(NoAnswer("it did not come in time"), job))

    assert counted(Counted.REQUESTS) == {("start", "ok"): 1, ("look", "ok"): 1, ("look", "no_answer"): 1}


@pytest.mark.parametrize(
    ("late", "bucket"), [(-1, "0.5"), (0.5, "0.5"), (0.75, "1"), (30, "30"), (900, "900"), (86_400, "+Inf")]
)
def test_how_late_a_request_left_goes_into_the_smallest_bucket_that_holds_it(
    late: float, bucket: str, job: CloneJob
) -> None:
    job.next_action_at = NOW - timedelta(seconds=late)

    write(a_look(status("IN_PROGRESS"), job))

    assert counted(Counted.LATENESS) == {("look", bucket): 1, ("look", "sum"): max(0, late)}


@pytest.mark.parametrize("word", ["COMPLETED", "FAILED"])
def test_an_end_is_seen_so_long_after_the_last_look_that_found_it_running(word: str, job: CloneJob) -> None:
    job.accepted_at, job.looked_at = NOW - timedelta(minutes=5), NOW - timedelta(seconds=4)

    write(a_look(status(word), job))

    assert counted(Counted.END_SEEN) == {("look", "5"): 1, ("look", "sum"): 4}


def test_an_end_that_the_first_look_finds_is_seen_so_long_after_the_start(job: CloneJob) -> None:
    job.accepted_at = NOW - timedelta(seconds=2)

    write(a_look(status("COMPLETED"), job))

    assert counted(Counted.END_SEEN) == {("look", "2"): 1, ("look", "sum"): 2}


@pytest.mark.parametrize("result", [status("QUEUED"), status("ODD"), NotFound("", "")], ids=["runs", "odd", "404"])
def test_no_end_is_counted_before_there_is_one(result: CloneStatus | EcwidError, job: CloneJob) -> None:
    write(a_look(result, job))

    assert counted(Counted.END_SEEN) == {}


def test_what_was_written_is_not_written_again(job: CloneJob) -> None:
    tally = Tally()
    tally.add(a_look(status("IN_PROGRESS"), job), NOW)

    tally.write()
    tally.write()

    assert counted(Counted.REQUESTS) == {("look", "ok"): 1}


def test_what_the_database_did_not_take_stays_counted(job: CloneJob) -> None:
    tally = Tally()
    tally.add(a_look(status("IN_PROGRESS"), job), NOW)
    with pytest.raises(DatabaseError), no_table():
        tally.write()

    tally.write()

    assert counted(Counted.REQUESTS) == {("look", "ok"): 1}


@pytest.mark.django_db
def test_rows_are_written_in_one_order_so_that_no_two_workers_wait_for_each_other() -> None:
    first, second = (ConnectionFactory.create().pk for _ in range(2))
    tally = Tally()
    for pk in (second, first):
        tally.add_request(pk, CallKind.LOOK, True)

    tally.write()

    assert list(Counter.objects.order_by("pk").values_list("connection_id", flat=True)) == [first, second]


@pytest.mark.django_db(transaction=True)
def test_what_workers_write_at_the_same_time_adds_up() -> None:
    first, second = (ConnectionFactory.create().pk for _ in range(2))

    def work(connections: list[int]) -> None:
        for _ in range(10):
            tally = Tally()
            for pk in connections:
                tally.add_request(pk, CallKind.LOOK, True)
            tally.write()

    at_once(lambda: work([first, second]), lambda: work([second, first]))

    assert list(Counter.objects.order_by("connection_id").values_list("connection_id", "value")) == [
        (first, 20),
        (second, 20),
    ]


def test_the_counters_of_a_connection_go_with_it(job: CloneJob) -> None:
    other = ConnectionFactory.create()
    count_test(other.pk, True)

    Connection.objects.get(pk=other.pk).delete()

    assert not Counter.objects.exists()
