"""Retry and cancel against others at the same instant, each from a thread with a connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from clones.choices import JobStatus
from clones.engine import leasing
from clones.lifecycle import LEASE_GIVEN_BACK, Change, advance_many
from clones.models import CloneJob
from clones.operations.cancel import cancel_jobs
from clones.operations.launch import Order, start_batch
from clones.operations.retry import retry_jobs
from tests.factories import CloneJobFactory, WorkerBeatFactory, events_of, fresh

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25
BARRIER_SECONDS = 120  # only a broken test waits so long
T = TypeVar("T")


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Make the calls in threads of their own, all let go by one barrier. Raises what a call raises."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            barrier.wait(BARRIER_SECONDS)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_people_who_retry_one_clone_one_does_and_the_other_is_told() -> None:
    for _ in range(ROUNDS):
        old = CloneJobFactory.create(status=JobStatus.FAILED)

        came = at_once(lambda: retry_jobs([old]), lambda: retry_jobs([old]))  # noqa: B023  called in this round

        (new,) = CloneJob.objects.filter(retry_of=old)
        assert sorted(len(one.jobs) for one in came) == [0, 1]
        (said,) = [left.reason for one in came for left in one.left_out]
        assert f"retried already, as clone {new.pk} " in said


def test_retries_that_overlap_in_opposite_orders_share_the_clones_without_a_deadlock() -> None:
    for _ in range(ROUNDS):
        jobs = CloneJobFactory.create_batch(4, status=JobStatus.FAILED)

        came = at_once(lambda: retry_jobs(jobs[:3]), lambda: retry_jobs(jobs[:0:-1]))  # noqa: B023  as above

        assert sorted(job.retry_of_id or 0 for one in came for job in one.jobs) == [job.pk for job in jobs]


def test_a_retry_and_a_launch_into_one_store_make_one_clone() -> None:
    for _ in range(ROUNDS):
        old = fresh(CloneJobFactory.create(status=JobStatus.FAILED))
        order = Order(old.template, [old.target.store_id])

        came: list[Any] = at_once(lambda: retry_jobs([old]), lambda: start_batch(order))  # noqa: B023  as above

        assert sum(len(one.jobs) for one in came) == 1
        assert CloneJob.objects.active().filter(target=old.target).count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("again", [False, True], ids=["launch", "retry"])
def test_a_worker_that_leases_a_clone_does_not_wait_for_who_has_its_store_in_hand(*, again: bool) -> None:
    """Each of the two would wait for the other, where there are two stores."""
    worker, job = WorkerBeatFactory.create(), fresh(CloneJobFactory.create())

    def lease() -> int:
        try:
            return len(leasing.lease_due(job.connection_id, worker.pk, 1, datetime.now(UTC)))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        came: Any = retry_jobs([job]) if again else start_batch(Order(job.template, [job.target.store_id]))
        assert came.left_out if again else came.busy
        assert pool.submit(lease).result() == 1


def test_of_a_cancel_and_a_worker_that_leases_the_clone_one_has_it() -> None:
    worker = WorkerBeatFactory.create()
    for _ in range(ROUNDS):
        job = CloneJobFactory.create()

        def lease(job: CloneJob = job) -> int:
            return len(leasing.lease_due(job.connection_id, worker.pk, 1, datetime.now(UTC)))

        leased, canceled = at_once(lease, lambda: len(cancel_jobs([job]).canceled))  # noqa: B023  as above

        assert leased + canceled == 1
        assert fresh(job).status == (JobStatus.SUBMITTING if leased else JobStatus.CANCELED)


def test_a_clone_whose_answer_is_lost_while_a_cancel_waits_for_its_row_is_not_canceled() -> None:
    """It waits again, as it did when the person looked: the status alone does not tell the two apart."""
    worker, job, now = WorkerBeatFactory.create(), CloneJobFactory.create(), datetime.now(UTC)
    reached = threading.Event()

    def cancel() -> int:
        try:
            with connection.execute_wrapper(telling(reached)):
                return len(cancel_jobs([job]).canceled)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            (leased,) = leasing.lease_due(job.connection_id, worker.pk, 1, now)
            lost = CloneJob(pk=job.pk, status=JobStatus.SUBMITTING, lease_token=leased.lease_token)
            advance_many([Change(lost, JobStatus.WAITING, {**LEASE_GIVEN_BACK})], at=now, under_lease=True)
            canceling = pool.submit(cancel)
            assert reached.wait(BARRIER_SECONDS)
        assert canceling.result() == 0

    assert events_of(job)[-1] == (JobStatus.SUBMITTING, JobStatus.WAITING)
    assert fresh(job).unanswered_since == now


def telling(reached: threading.Event) -> Callable[..., Any]:
    """Set `reached` as soon as a statement is about to wait for the lock: whatever was read before is old by then."""
    waits = "BEGIN" if connection.vendor == "sqlite" else "FOR NO KEY UPDATE"

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if waits in sql:
            reached.set()
        return execute(sql, params, many, context)

    return wrapper
