"""The loop of one worker, run here against the real sandbox: when it begins, what it holds on to, when it leaves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
import urllib3
from cryptography.fernet import Fernet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django_q.brokers import get_broker

from clones.choices import BlockReason, JobStatus
from clones.ecwid import NoAnswer
from clones.engine import bell, budget, clones, leasing, seat, tick
from clones.engine.calls import Answer
from clones.engine.tick import Tick, run_tick
from clones.models import (
    Batch,
    CloneEvent,
    CloneJob,
    Connection,
    Counted,
    Counter,
    EntityMapping,
    TemplateStore,
    WorkerBeat,
)
from clones.operations.launch import Order, start_batch
from clones.secrets import Secret
from tests.engine.answers import status
from tests.engine.test_bell import UnreachableBroker
from tests.factories import BatchFactory, CloneJobFactory, WorkerBeatFactory, columns, events_of, fresh
from tests.sandbox_process import SandboxProcess
from tests.scale import at_scale
from tests.waiting import until
from tests.worker.locks import hold_writes
from tests.worker_process import database_url

QUEUE = "tick-test"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No bell, since Redis rolls nothing back, and no thread that still waits for an answer."""
    yield
    for queue in (QUEUE, bell.DEFAULT_QUEUE):
        get_broker(queue).delete_queue()
    until(lambda: not any(one.name.startswith("ecwid") for one in threading.enumerate()), "the end of the threads")


@pytest.fixture
def soon_is_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is in the air come in however busy the machine is."""
    monkeypatch.setattr(tick, "STOP_SECONDS", 60)


def never() -> bool:
    return False


class StopWhen:
    """Tells the tick to stop from the moment at which the condition holds."""

    def __init__(self, condition: Callable[[], object]) -> None:
        self._condition = condition
        self._stopped = False

    def __call__(self) -> bool:
        self._stopped = self._stopped or bool(self._condition())
        return self._stopped


def launch(template: TemplateStore, *targets: str) -> list[CloneJob]:
    return start_batch(Order(template, targets or ["9001"])).jobs


def a_job_for_later() -> CloneJob:
    """Return an active job that nothing is to be done for during this test."""
    return CloneJobFactory.create(status=JobStatus.QUEUED, next_action_at=timezone.now() + timedelta(hours=1))


def seat_token() -> str:
    return WorkerBeat.objects.get(queue=QUEUE).seat_token


def bells() -> int:
    return int(get_broker(QUEUE).queue_size())


def mapping_of(job: CloneJob) -> set[tuple[str, str]]:
    return set(EntityMapping.objects.filter(job=job).values_list("source_id", "target_id"))


def sum_of(counters: QuerySet[Counter]) -> float:
    return sum(counters.values_list("value", flat=True))


def mapping_logged(sandbox: SandboxProcess, ticket: str) -> set[tuple[str, str]]:
    return {pair for pairs in sandbox.mapping(ticket).values() for pair in pairs.items()}


def test_it_runs_a_clone_to_its_end_and_leaves_when_nothing_is_active(
    shop: TemplateStore, sandbox: SandboxProcess
) -> None:
    (job,) = launch(shop)

    run_tick(QUEUE, never)

    (logged,) = sandbox.log()
    row = fresh(job)
    assert (row.status, row.ticket, row.lease_token) == (JobStatus.COMPLETED, logged.ticket, "")
    assert mapping_of(job) == mapping_logged(sandbox, logged.ticket) != set()
    assert seat_token() == ""


def test_it_runs_many_clones_at_once(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    targets = [str(9001 + n) for n in range(12)]
    for target in targets[1:]:
        sandbox.add_store(int(target))
    jobs = launch(shop, *targets)

    run_tick(QUEUE, never)

    assert {fresh(job).status for job in jobs} == {JobStatus.COMPLETED}
    assert sorted(clone.target for clone in sandbox.log()) == sorted(targets)


def test_it_counts_every_request_that_it_makes(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    sandbox.fault("http_500", call="clone_status")
    launch(shop)

    run_tick(QUEUE, never)

    counted = Counter.objects.filter(name=Counted.REQUESTS)
    made = {
        call: len(sandbox.requests(call=f"clone_{name}")) for call, name in (("start", "start"), ("look", "status"))
    }
    assert {call: sum_of(counted.filter(call=call)) for call in made} == made
    assert sum_of(counted.filter(part="no_answer")) == 1
    assert sum_of(Counter.objects.filter(name=Counted.END_SEEN).exclude(part=Counter.SUM)) == 1


def test_a_second_tick_of_the_worker_leaves_at_once(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    seat.take(QUEUE, "first", timezone.now())
    (job,) = launch(shop)

    run_tick(QUEUE, never)

    assert sandbox.requests() == []
    assert (fresh(job).status, seat_token()) == (JobStatus.WAITING, "first")


def test_a_tick_that_loses_its_seat_leaves_it_to_the_other() -> None:
    a_job_for_later()

    def usurp() -> bool:
        WorkerBeat.objects.filter(queue=QUEUE).update(seat_token="another")
        return False

    run_tick(QUEUE, usurp)

    assert seat_token() == "another"


def test_where_it_is_to_stay_it_stays_although_nothing_is_active() -> None:
    asked: list[None] = []

    def stop_at_the_third_time() -> bool:
        asked.append(None)
        return len(asked) > 2

    run_tick(QUEUE, stop_at_the_third_time, stays_when_idle=True)

    assert len(asked) > 2


def test_when_its_time_is_over_it_rings_for_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "LOOP_SECONDS", 0.2)
    a_job_for_later()

    run_tick(QUEUE, never)

    assert (seat_token(), bells()) == ("", 1)


def test_while_no_bell_can_be_rung_it_goes_on_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tick, "LOOP_SECONDS", 0.2)
    away_twice = iter([UnreachableBroker] * 2)

    def broker(queue: str) -> Any:
        return next(away_twice, get_broker)(queue)

    monkeypatch.setattr(bell, "get_broker", broker)
    a_job_for_later()

    run_tick(QUEUE, never)

    assert caplog.text.count("A bell was lost") == 2
    assert (seat_token(), bells()) == ("", 1)


def test_told_to_stop_it_leaves_and_does_not_ring() -> None:
    a_job_for_later()

    run_tick(QUEUE, lambda: True)

    assert (seat_token(), bells()) == ("", 0)


def test_an_idle_tick_does_not_ring_for_another_idle_tick() -> None:
    run_tick(QUEUE, never)

    assert bells() == 0


def test_told_to_stop_it_gives_back_a_post_whose_answer_does_not_come(
    shop: TemplateStore, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "STOP_SECONDS", 0.2)
    sandbox.fault("hold_after", call="clone_start")
    (job,) = launch(shop)

    run_tick(QUEUE, StopWhen(lambda: sandbox.held(wait=0)))
    sandbox.release()

    row = columns(job, "status", "lease_token", "leased_until", "leased_by")
    assert row == {"status": JobStatus.WAITING, "lease_token": "", "leased_until": None, "leased_by": None}
    assert fresh(job).unanswered_since == fresh(job).submitted_at is not None
    assert CloneEvent.objects.filter(job=job).latest("pk").note == clones.LEFT_NOTE


def test_told_to_stop_it_gives_back_a_look_whose_answer_does_not_come(
    shop: TemplateStore, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "STOP_SECONDS", 0.2)
    sandbox.fault("hold_after", call="clone_status")
    (job,) = launch(shop)

    run_tick(QUEUE, StopWhen(lambda: sandbox.held(wait=0)))
    sandbox.release()

    assert columns(job, "status", "lease_token") == {"status": JobStatus.QUEUED, "lease_token": ""}


@pytest.mark.usefixtures("soon_is_a_minute")
def test_told_to_stop_it_still_takes_an_answer_that_comes_soon(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    sandbox.fault("hold_after", call="clone_start")
    (job,) = launch(shop)

    run_tick(QUEUE, StopWhen(lambda: sandbox.held(wait=0) and sandbox.release()))

    assert columns(job, "status", "lease_token") == {"status": JobStatus.QUEUED, "lease_token": ""}


def test_what_it_counts_is_seen_while_it_loops(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    sandbox.pause_clones()
    launch(shop)
    seen = StopWhen(Counter.objects.exists)

    run_tick(QUEUE, seen)

    assert seen._stopped


@pytest.mark.usefixtures("soon_is_a_minute")
def test_told_to_stop_it_still_counts_an_answer_that_comes_soon(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    sandbox.fault("hold_after", call="clone_start")
    launch(shop)

    run_tick(QUEUE, StopWhen(lambda: sandbox.held(wait=0) and sandbox.release()))

    assert sum_of(Counter.objects.filter(name=Counted.REQUESTS, call="start")) == 1


@pytest.mark.usefixtures("soon_is_a_minute")
def test_ended_by_django_q2_it_still_takes_the_answers_in_the_air(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    sandbox.fault("hold_after", call="clone_start")
    (job,) = launch(shop)

    def time_out() -> bool:
        if sandbox.held(wait=0):
            sandbox.release()
            raise SystemExit  # as django-q2's TimeoutException is one
        return False

    with pytest.raises(SystemExit):
        run_tick(QUEUE, time_out)

    assert columns(job, "status", "lease_token") == {"status": JobStatus.QUEUED, "lease_token": ""}
    assert seat_token() == ""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("call", ["clone_start", "clone_status"])
def test_an_answer_survives_a_database_that_is_away_for_a_moment(
    call: str, shop: TemplateStore, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("hold_after", call=call)
    (job,) = launch(shop)

    def let_the_answer_meet_a_locked_database() -> None:
        assert sandbox.held(wait=60)
        with hold_writes():
            sandbox.release()
            until(lambda: f"Answers are in hand for jobs {job.pk}." in caplog.text, "a write that failed")

    with ThreadPoolExecutor(1) as other:
        told = other.submit(let_the_answer_meet_a_locked_database)
        run_tick(QUEUE, never)
        told.result()

    assert fresh(job).status == JobStatus.COMPLETED
    assert (JobStatus.SUBMITTING, JobStatus.WAITING) not in events_of(job)  # the ticket was kept, not asked for again
    assert len(sandbox.requests(call="clone_start")) == 1


@pytest.mark.usefixtures("impatient")
def test_told_to_stop_while_the_database_is_away_it_says_what_is_lost(
    shop: TemplateStore, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "STOP_SECONDS", 0.2)
    sandbox.fault("hold_after", call="clone_start")
    (job,) = launch(shop)
    stop = threading.Event()

    def let_it_stop_before_the_database_is_back() -> None:
        assert sandbox.held(wait=60)
        with hold_writes():
            sandbox.release()
            until(lambda: "Answers are in hand" in caplog.text, "an answer that cannot be written")
            stop.set()
            until(lambda: f"did not take, for jobs {job.pk}." in caplog.text, "what is lost")

    with ThreadPoolExecutor(1) as other:
        told = other.submit(let_it_stop_before_the_database_is_back)
        run_tick(QUEUE, stop.is_set)
        told.result()


def test_an_answer_that_came_in_is_told_as_lost_where_the_database_used_up_the_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "STOP_SECONDS", -1)
    job, came = CloneJobFactory.create(status=JobStatus.SUBMITTING, lease_token="mine"), Future[Answer]()
    came.set_result(Answer(job, submits=True, result=NoAnswer("it broke"), asked_at=timezone.now()))
    stopping = Tick(seat.Holder(1, "mine"), QUEUE, lambda: True)
    stopping.clones.in_air[came] = job

    stopping._land()
    stopping.caller.close()

    assert f"Stopped with answers that the database did not take, for jobs {job.pk}." in caplog.text


def three_answers_in_hand(bad: int) -> tuple[Tick, list[CloneJob]]:
    """Return a tick that has the ends of three clones in hand, one of which cannot be written down."""
    holder = seat.take(QUEUE, "mine", timezone.now())
    assert holder is not None
    batch = BatchFactory.create()
    held = {"batch": batch, "status": JobStatus.IN_PROGRESS, "lease_token": "mine", "leased_by_id": holder.beat_id}
    jobs = [CloneJobFactory.create(**held, leased_until=timezone.now() + timedelta(minutes=1)) for _ in range(3)]
    EntityMapping.objects.create(job=jobs[bad], entity_type="product", source_id="1", target_id="x")
    looping = Tick(holder, QUEUE, never)
    done = status("COMPLETED", ("product", "1", "2"))
    looping.clones.unsettled = [Answer(job, submits=False, result=done, asked_at=timezone.now()) for job in jobs]
    return looping, jobs


def test_one_answer_that_cannot_be_written_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looping, jobs = three_answers_in_hand(bad=1)

    looping.clones.settle()
    looping.caller.close()

    assert [fresh(job).status for job in jobs] == [JobStatus.COMPLETED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED]
    assert f"The answer for job {jobs[1].pk} could not be written down" in caplog.text
    assert looping.clones.unsettled == []
    assert (fresh(jobs[1]).tries, fresh(jobs[1]).lease_token) == (1, "")  # asked again, with a pause


def test_answers_that_take_long_one_by_one_stay_in_hand_while_the_tick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clones.engine.clones.SINGLY_SECONDS", 0)
    looping, jobs = three_answers_in_hand(bad=0)

    looping.clones.settle()
    in_hand = [answer.job.pk for answer in looping.clones.unsettled]
    looping.clones.settle()
    looping.caller.close()

    assert in_hand == [jobs[1].pk, jobs[2].pk]
    assert [fresh(job).status for job in jobs] == [JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.COMPLETED]
    assert looping.clones.unsettled == []


def test_a_call_that_still_connects_when_another_worker_meets_a_limit_does_not_leave(
    shop: TemplateStore, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects, may_go_on, rounds = threading.Event(), threading.Event(), list[None]()
    connect = urllib3.util.connection.create_connection

    def connect_slowly(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connects.set()
        may_go_on.wait(60)
        return connect(address)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect_slowly)
    (job,) = launch(shop)

    def meet_a_limit_meanwhile() -> bool:
        if connects.is_set():
            rounds.append(None)
        if len(rounds) == 1:
            now = timezone.now()
            budget.stop_traffic(shop.connection, BlockReason.RATE_LIMITED, now + timedelta(hours=1), now)
        if len(rounds) > 2:
            may_go_on.set()
        return (JobStatus.SUBMITTING, JobStatus.WAITING) in events_of(job)

    run_tick(QUEUE, StopWhen(meet_a_limit_meanwhile))

    assert "the connection has just been stopped" in CloneEvent.objects.filter(job=job).latest("pk").note
    assert sandbox.requests() == []


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "silent"])
def test_it_takes_up_what_a_dead_worker_left(
    shop: TemplateStore, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, *, stopped: bool
) -> None:
    monkeypatch.setattr(tick, "STEADY_SECONDS", 3600 if stopped else 0.1)
    (job,) = launch(shop)
    long_ago = timezone.now() - timedelta(minutes=5)
    dead = WorkerBeatFactory.create(beat_at=long_ago, stopped_at=long_ago if stopped else None)
    CloneJob.objects.filter(pk=job.pk).update(
        status=JobStatus.SUBMITTING,
        unanswered_since=timezone.now(),
        lease_token="dead",
        leased_by=dead,
        leased_until=timezone.now() + timedelta(minutes=5),
    )

    run_tick(QUEUE, never)

    assert fresh(job).status == JobStatus.COMPLETED
    assert len(sandbox.log()) == 1


def test_right_after_the_database_was_away_it_leaves_a_void_lease_to_who_may_hold_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tick, "STEADY_SECONDS", 3600)
    long_ago = timezone.now() - timedelta(minutes=5)
    holder = WorkerBeatFactory.create(beat_at=long_ago)
    job = CloneJobFactory.create(status=JobStatus.QUEUED, lease_token="theirs", leased_by=holder, leased_until=long_ago)
    rounds: list[None] = []

    run_tick(QUEUE, StopWhen(lambda: rounds.append(None) or len(rounds) > 3))  # type: ignore[func-returns-value]

    assert fresh(job).lease_token == "theirs"


def test_a_connection_whose_secret_cannot_be_read_does_not_hold_up_the_others(
    shop: TemplateStore, sandbox: SandboxProcess
) -> None:
    secret = Secret(Fernet(Fernet.generate_key()).encrypt(b"sealed elsewhere").decode())
    stuck = CloneJobFactory.create(batch__template__connection__client_secret=secret)
    (job,) = launch(shop)

    run_tick(QUEUE, StopWhen(lambda: fresh(job).is_terminal))

    assert (fresh(job).status, fresh(stuck).status) == (JobStatus.COMPLETED, JobStatus.WAITING)
    assert Connection.objects.get(pk=stuck.connection_id).block_reason == BlockReason.CREDENTIALS
    assert len(sandbox.log()) == 1


def test_a_connection_whose_address_cannot_be_used_does_not_hold_up_the_others(shop: TemplateStore) -> None:
    CloneJobFactory.create(batch__template__connection__api_url="http://example.com/api/v3")
    (job,) = launch(shop)

    run_tick(QUEUE, StopWhen(lambda: fresh(job).is_terminal))

    assert fresh(job).status == JobStatus.COMPLETED


def test_nothing_is_sent_over_a_connection_that_is_paused(shop: TemplateStore, sandbox: SandboxProcess) -> None:
    Connection.objects.update(paused_at=timezone.now())
    (job,) = launch(shop)
    rounds: list[None] = []

    run_tick(QUEUE, StopWhen(lambda: rounds.append(None) or len(rounds) > 3))  # type: ignore[func-returns-value]

    assert fresh(job).status == JobStatus.WAITING
    assert sandbox.requests() == []


def test_nothing_leaves_under_a_lease_that_was_too_old_when_it_was_taken(
    shop: TemplateStore, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch(shop)
    stood_still = [0.0]
    monotonic, connections_with_work = time.monotonic, leasing.connections_with_work

    def stand_still(now: datetime) -> list[Connection]:
        stood_still[0] += 60
        return connections_with_work(now)

    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + stood_still[0])
    monkeypatch.setattr(leasing, "connections_with_work", stand_still)
    held_back = CloneEvent.objects.filter(note__contains="too late to send it")

    run_tick(QUEUE, StopWhen(held_back.exists))

    assert sandbox.requests() == []


@at_scale
def test_a_host_that_never_answers_does_not_take_all_threads(
    shop: TemplateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clones, "THREADS", 4)
    monkeypatch.setattr(tick, "STOP_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and then says nothing
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v3"
        batch = BatchFactory.create(template__connection__name="Aaa", template__connection__api_url=url)
        CloneJobFactory.create_batch(10, batch=batch)
        (job,) = launch(shop)

        run_tick(QUEUE, StopWhen(lambda: fresh(job).is_terminal))

    assert fresh(job).status == JobStatus.COMPLETED


def test_more_connections_than_threads_do_not_leave_all_of_them_without(shop: TemplateStore) -> None:
    many = set(range(2 * clones.THREADS))
    sitting = Tick(seat.Holder(1, "mine"), QUEUE, never)

    assert sitting.clones._room(shop.connection, many) == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for everything")
def test_a_connection_whose_row_somebody_holds_does_not_hold_up_the_others(shop: TemplateStore) -> None:
    held = CloneJobFactory.create(batch__template__connection__name="Aaa")
    (job,) = launch(shop)
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT 1 FROM clones_connection WHERE id = %s FOR UPDATE", [held.connection_id])

        run_tick(QUEUE, StopWhen(lambda: fresh(job).is_terminal))
        other.rollback()

    assert fresh(job).status == JobStatus.COMPLETED
    assert fresh(held).status == JobStatus.WAITING


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for everything")
def test_a_job_whose_row_somebody_holds_does_not_hold_up_the_others(
    shop: TemplateStore, sandbox: SandboxProcess
) -> None:
    sandbox.add_store(9002)
    sandbox.pause_clones()
    sandbox.fault("hold_after", call="clone_start", target="9001")
    held, free = launch(shop, "9001", "9002")
    with psycopg.connect(database_url()) as other:

        def answer_the_one_and_see_the_other() -> bool:
            if sandbox.held(wait=0):
                other.execute("SELECT 1 FROM clones_clonejob WHERE id = %s FOR UPDATE", [held.pk])
                sandbox.release()
            return fresh(free).status == JobStatus.QUEUED

        run_tick(QUEUE, StopWhen(answer_the_one_and_see_the_other))
        other.rollback()

    assert fresh(free).status == JobStatus.QUEUED


def test_the_leases_of_answers_in_hand_are_renewed(shop: TemplateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = seat.take(QUEUE, "token", timezone.now())
    assert holder is not None
    CloneJobFactory.create(
        batch__template=shop, status=JobStatus.QUEUED, lease_token="t", leased_by_id=holder.beat_id,
        leased_until=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    one = Tick(holder, QUEUE, never)
    job = CloneJob.objects.get()
    one.clones.unsettled.append(Answer(job, submits=False, result=status("QUEUED"), asked_at=timezone.now()))

    one._renew()

    leased_until = fresh(job).leased_until
    assert leased_until is not None
    assert leased_until > timezone.now() + timedelta(seconds=10)
    one.caller.close()


def test_a_batch_that_ecwid_refuses_is_held_before_all_of_it_is_sent(
    shop: TemplateStore, sandbox: SandboxProcess
) -> None:
    jobs = launch(shop, *(str(5_000_001 + number) for number in range(40)))  # the sandbox knows none of them
    batch = jobs[0].batch

    run_tick(QUEUE, StopWhen(lambda: Batch.objects.filter(pk=batch.pk, held_since__isnull=False).exists()))

    assert CloneJob.objects.filter(batch=batch, status=JobStatus.WAITING, next_action_at=None).count() >= 30
    assert len(sandbox.requests(call="clone_start")) <= 10
