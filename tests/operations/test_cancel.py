import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from clones.choices import JobStatus
from clones.engine.submit import write_ahead
from clones.models import CloneJob, TemplateStore
from clones.operations.cancel import cancel_jobs
from clones.operations.launch import Order, start_batch
from tests.factories import CloneJobFactory, events_of, fresh
from tests.people import staff
from tests.sandbox_process import SandboxProcess
from tests.waiting import until


@pytest.mark.django_db
def test_a_waiting_clone_is_canceled_and_who_did_it_is_kept() -> None:
    job, sam = CloneJobFactory.create(), staff()

    came = cancel_jobs([job], sam)

    assert came.canceled == [job]
    assert fresh(job).status == JobStatus.CANCELED
    assert events_of(job) == [(JobStatus.WAITING, JobStatus.CANCELED)]
    assert job.events.get().actor == sam


@pytest.mark.django_db
def test_a_clone_can_be_canceled_as_of_an_earlier_time() -> None:
    job, at = CloneJobFactory.create(), datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    cancel_jobs([job], at=at)

    assert (fresh(job).finished_at, job.events.get().at) == (at, at)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [status for status in JobStatus if status != JobStatus.WAITING])
def test_what_no_longer_waits_is_left_out_with_a_reason(status: JobStatus) -> None:
    job = CloneJobFactory.create(status=status)

    came = cancel_jobs([job])

    assert came.canceled == []
    assert came.left_out[0].reason.endswith(".")
    assert fresh(job).status == status


@pytest.mark.django_db
def test_a_clone_with_a_lost_answer_is_left_out() -> None:
    job = CloneJobFactory.create(unanswered_since=datetime.now(UTC))

    assert "was lost" in cancel_jobs([job]).left_out[0].reason
    assert fresh(job).status == JobStatus.WAITING


@pytest.mark.django_db
def test_a_canceled_clone_holds_no_lease_any_more() -> None:
    job = CloneJobFactory.create(lease_token="held", leased_until=datetime.now(UTC))

    cancel_jobs([job])

    assert (fresh(job).lease_token, fresh(job).next_action_at) == ("", None)


@pytest.mark.django_db
def test_a_worker_that_read_it_before_sends_nothing() -> None:
    job = fresh(CloneJobFactory.create(lease_token="held"))
    cancel_jobs([job])

    assert write_ahead([job], datetime.now(UTC)) == []


@pytest.mark.django_db(transaction=True)
def test_cancel_and_start_at_one_instant_have_one_winner() -> None:
    for _ in range(10):
        job = fresh(CloneJobFactory.create(lease_token="held"))
        barrier, sent = threading.Barrier(2), list[CloneJob]()

        def start(job: CloneJob = job, barrier: threading.Barrier = barrier, sent: list[CloneJob] = sent) -> None:
            barrier.wait()
            sent += write_ahead([job], datetime.now(UTC))
            connection.close()

        thread = threading.Thread(target=start)
        thread.start()
        barrier.wait()
        canceled = cancel_jobs([job]).canceled
        thread.join()

        assert len(sent) + len(canceled) == 1
        assert fresh(job).status == (JobStatus.SUBMITTING if sent else JobStatus.CANCELED)


@pytest.mark.worker
def test_a_canceled_clone_is_never_sent(shop: TemplateStore, sandbox: SandboxProcess, start_worker: object) -> None:
    sandbox.add_store(9002)
    first = start_batch(Order(shop, ["9001"])).jobs[0]
    cancel_jobs([first])
    second = start_batch(Order(shop, ["9002"])).jobs[0]

    start_worker()  # type: ignore[operator]
    until(lambda: fresh(second).is_completed, "the other clone's end")

    assert [clone.target for clone in sandbox.log()] == ["9002"]
