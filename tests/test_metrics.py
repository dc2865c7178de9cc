"""The figures that a monitor sees, read as Prometheus reads them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.brokers import get_broker
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from clones.choices import BlockReason, CreationStatus, FailureKind, HoldReason, JobStatus, SiteStatus
from clones.engine import bell
from clones.engine.calls import Answer
from clones.engine.tally import CallKind, Tally, count_test
from clones.metrics import exposition
from clones.models import Connection
from tests.engine.answers import status
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    SiteCloneFactory,
    StoreCreationFactory,
    WorkerBeatFactory,
)
from tests.people import staff

pytestmark = pytest.mark.django_db

NOW = timezone.now()
HOUR = timedelta(hours=1)
QUEUE = "metrics-test"


def families() -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(exposition(NOW).decode())}


def samples() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families().values()
        for sample in family.samples
    }


def figure(name: str, **labels: str) -> float | None:
    """Return the figure with exactly these labels; None where there is none."""
    return samples().get((name, frozenset(labels.items())))


def figures(name: str, label: str) -> dict[str, float]:
    """Return the figures that are not 0, by one of their labels."""
    found = next(family for family in families().values() if any(each.name == name for each in family.samples))
    return {each.labels[label]: each.value for each in found.samples if each.name == name and each.value}


@pytest.fixture
def main() -> Connection:
    return ConnectionFactory.create(name="Main")


@pytest.fixture
def bells() -> Iterator[Callable[[str], None]]:
    """Return what puts a bell into a worker's queue; no queue is left behind, since Redis rolls nothing back."""
    bell.forget_queue(QUEUE)
    yield bell.ring
    bell.forget_queue(QUEUE)


# Clones ---------------------------------------------------------------------------------------------------------------


def test_clones_are_told_by_status() -> None:
    for count, each in enumerate(JobStatus, 1):
        CloneJobFactory.create_batch(count, status=each)

    assert figures("portal_jobs", "status") == {each.value: count for count, each in enumerate(JobStatus, 1)}


def test_a_status_that_no_clone_has_is_told_as_0() -> None:
    assert {figure("portal_jobs", status=each) for each in JobStatus} == {0}


def test_what_ended_within_the_hour_is_told_by_status_and_by_kind_of_failure() -> None:
    for kind in FailureKind:
        CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=kind, finished_at=NOW)
        CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=kind, finished_at=NOW - 2 * HOUR)
    CloneJobFactory.create(status=JobStatus.COMPLETED, finished_at=NOW)

    assert figures("portal_jobs_ended_last_hour", "status") == {
        JobStatus.FAILED: len(FailureKind),
        JobStatus.COMPLETED: 1,
    }
    assert figures("portal_jobs_failed_last_hour", "kind") == dict.fromkeys(FailureKind.values, 1)


def test_what_is_due_is_told_with_how_late_the_first_is() -> None:
    batch = BatchFactory.create(template__connection__name="Main")
    for seconds in (40, 10, -10):
        CloneJobFactory.create(batch=batch, next_action_at=NOW - timedelta(seconds=seconds))
    CloneJobFactory.create(batch=batch, next_action_at=NOW - HOUR, lease_token="somebody is at it")

    assert figure("portal_jobs_due", connection="Main") == 2
    assert figure("portal_oldest_due_seconds", connection="Main") == 40


def test_nothing_due_is_told_as_0(main: Connection) -> None:
    assert figure("portal_jobs_due", connection="Main") == 0
    assert figure("portal_oldest_due_seconds", connection="Main") == 0


def test_batches_that_wait_for_a_decision_are_told(main: Connection) -> None:
    for ended_at in (None, NOW):
        batch = BatchFactory.create(template__connection=main, ended_at=ended_at)
        batch.held_since, batch.hold_reason = NOW, HoldReason.CANARY
        batch.save()
    BatchFactory.create(template__connection=main)

    assert figure("portal_batches_held", connection="Main") == 1


def test_steps_that_wait_for_a_person_are_told(main: Connection) -> None:
    for step in (CreationStatus.NEEDS_PERSON, CreationStatus.WAITING):
        job = CloneJobFactory.create(batch__template__connection=main)
        StoreCreationFactory.create(target=job.target, connection=main, status=step)
    for _ in range(2):
        done = CloneJobFactory.create(batch__template__connection=main, status=JobStatus.COMPLETED)
        SiteCloneFactory.create(job=done, status=SiteStatus.NEEDS_PERSON)

    assert figures("portal_steps_needing_person", "step") == {"store": 1, "site": 2}


def test_what_is_overdue_or_unanswered_is_told_until_it_ends() -> None:
    batch = BatchFactory.create(template__connection__name="Main")
    for each in (JobStatus.IN_PROGRESS, JobStatus.COMPLETED):
        CloneJobFactory.create(batch=batch, status=each, overdue_since=NOW)
    for each in (JobStatus.WAITING, JobStatus.SUBMITTING, JobStatus.FAILED):
        CloneJobFactory.create(batch=batch, status=each, unanswered_since=NOW)

    assert figure("portal_jobs_overdue", connection="Main") == 1
    assert figure("portal_jobs_unanswered", connection="Main") == 2


# Connections ----------------------------------------------------------------------------------------------------------

BLOCKED = {"blocked_since": NOW, "blocked_until": NOW + HOUR, "block_message": "As it came"}
OVER = {**BLOCKED, "blocked_until": NOW - HOUR}


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, []),
        ({"paused_at": NOW}, ["paused"]),
        ({**BLOCKED, "block_reason": BlockReason.RATE_LIMITED}, ["rate_limited"]),
        ({**OVER, "block_reason": BlockReason.RATE_LIMITED}, []),
        ({**BLOCKED, "block_reason": BlockReason.CREDENTIALS}, ["key_refused"]),
        ({**OVER, "block_reason": BlockReason.CREDENTIALS}, ["key_refused"]),
        ({**BLOCKED, "block_reason": BlockReason.CREDENTIALS, "paused_at": NOW}, ["paused", "key_refused"]),
    ],
    ids=["open", "paused", "limit", "limit over", "key", "key, to be probed", "both"],
)
def test_a_connection_that_stands_is_told_with_the_reason(columns: dict[str, object], told: list[str]) -> None:
    ConnectionFactory.create(**columns)

    assert list(figures("portal_connection_stopped", "reason")) == told


def test_limit_and_what_is_left_of_it_are_told() -> None:
    ConnectionFactory.create(name="Main", rate_limit=600, bucket_level=3.5, bucket_at=NOW)

    assert figure("portal_rate_limit", connection="Main") == 600
    assert figure("portal_budget_left", connection="Main") == 3.5


def test_a_name_may_hold_any_sign() -> None:
    name = 'A "quoted" \\ name {x="y"}\nand more, Ünïcode'
    ConnectionFactory.create(name=name)

    assert figure("portal_rate_limit", connection=name) == 600


# Workers and queue ----------------------------------------------------------------------------------------------------


def test_workers_that_beat_are_counted() -> None:
    WorkerBeatFactory.create(started_at=NOW - HOUR, beat_at=NOW)
    WorkerBeatFactory.create(started_at=NOW - HOUR, beat_at=NOW - timedelta(seconds=4))
    WorkerBeatFactory.create(started_at=NOW - HOUR, beat_at=NOW - timedelta(minutes=5))
    WorkerBeatFactory.create(started_at=NOW - HOUR, beat_at=NOW, stopped_at=NOW)

    assert figure("portal_workers") == 2


def test_without_a_worker_the_time_since_the_last_beat_grows() -> None:
    WorkerBeatFactory.create(started_at=NOW - HOUR, beat_at=NOW - timedelta(minutes=5), stopped_at=NOW)
    WorkerBeatFactory.create(started_at=NOW, beat_at=NOW)  # only started: it has not beaten yet

    assert figure("portal_workers") == 0
    assert figure("portal_last_beat_seconds") == 300


def test_before_the_first_beat_there_is_no_time_since_it() -> None:
    assert figure("portal_last_beat_seconds") is None


def test_bells_that_wait_are_counted(bells: Callable[[str], None]) -> None:
    WorkerBeatFactory.create(queue=QUEUE, started_at=NOW - HOUR, beat_at=NOW)
    bells(QUEUE)

    assert figure("portal_queue_up") == 1
    assert figure("portal_queue_bells") == int(get_broker(QUEUE).queue_size()) == 1


def test_a_queue_that_is_away_is_told_beside_all_other_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(queue: str) -> None:
        raise OSError

    monkeypatch.setattr(bell, "get_broker", gone)
    CloneJobFactory.create()

    assert (figure("portal_queue_up"), figure("portal_queue_bells")) == (0, None)
    assert figure("portal_jobs", status=JobStatus.WAITING) == 1


# What the workers counted ---------------------------------------------------------------------------------------------


def test_requests_are_told_by_what_was_asked_and_what_came(main: Connection) -> None:
    count_test(main.pk, True)
    count_test(main.pk, True)

    assert figure("portal_requests_total", connection="Main", call="test", outcome="ok") == 2


def test_a_request_that_was_never_made_is_told_as_0(main: Connection) -> None:
    """Without it, the first of its kind would be no increase."""
    assert figure("portal_requests_total", connection="Main", call="start", outcome="rate_limited") == 0
    assert figure("portal_end_seen_seconds_count", connection="Main") == 0


def test_seconds_are_told_as_a_histogram() -> None:
    batch = BatchFactory.create(template__connection__name="Main")
    job = CloneJobFactory.create(batch=batch, status=JobStatus.IN_PROGRESS)
    tally = Tally()
    for seconds in (2, 4, 5, 2000):
        job.looked_at = job.next_action_at = NOW - timedelta(seconds=seconds)
        tally.add(Answer(job, submits=False, result=status("COMPLETED"), asked_at=NOW), NOW)
    tally.write()

    buckets = {"1": 0, "2": 1, "3": 1, "5": 3, "900": 3, "+Inf": 4}
    for name, labels in (("portal_end_seen_seconds", {}), ("portal_lateness_seconds", {"call": CallKind.LOOK.value})):
        found = {le: figure(f"{name}_bucket", connection="Main", le=le, **labels) for le in buckets}
        assert found == buckets
        assert figure(f"{name}_sum", connection="Main", **labels) == 2011
        assert figure(f"{name}_count", connection="Main", **labels) == 4


# What it costs, and what is kept out ----------------------------------------------------------------------------------


def ask_with(count: int) -> list[str]:
    for _ in range(count):
        connection = ConnectionFactory.create()
        count_test(connection.pk, True)
        for each in JobStatus:
            batch = BatchFactory.create(template__connection=connection)
            CloneJobFactory.create(batch=batch, status=each, next_action_at=NOW - HOUR)
        WorkerBeatFactory.create(stopped_at=NOW)
    with CaptureQueriesContext(database) as captured:
        exposition(NOW)
    return [query["sql"] for query in captured]


def test_it_asks_no_more_where_there_is_more() -> None:
    few, many = ask_with(1), ask_with(5)

    assert len(few) == len(many) <= 11, many


def test_neither_secrets_nor_stores_nor_people_are_told() -> None:
    person = staff("agatha")
    batch = BatchFactory.create(
        created_by=person, name="Batch name", template__name="Template name", template__store_id="70707070"
    )
    CloneJobFactory.create(
        batch=batch, created_by=person, status=JobStatus.FAILED, target__store_id="60606060", target__label="Shop name",
        ticket="ticket-1", error_message="As it came",
    )  # fmt: skip
    text = exposition(NOW).decode()

    unwanted = ("agatha", "Batch name", "Template name", "70707070", "60606060", "Shop name", "ticket-1", "As it came")
    secrets = (batch.connection.client_id, batch.connection.api_url, batch.connection.client_secret.reveal())
    assert [word for word in (*unwanted, *secrets) if word in text] == []
