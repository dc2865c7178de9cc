"""The errands of a tick, with a tiny desk of our own over a real table: leases, answers in hand, what goes wrong."""

# ruff: noqa: ARG002  (the signatures are the desk's)

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone
from django_q.brokers import get_broker

from clones.choices import JobStatus
from clones.engine import seat, tick
from clones.engine.calls import Caller
from clones.engine.errands.desk import Desk, Work
from clones.engine.errands.round import Errands
from clones.models import BatchMail, TemplateStore, WorkerBeat
from clones.operations.launch import Order, start_batch
from tests.factories import BatchFactory, WorkerBeatFactory, fresh
from tests.waiting import until
from tests.worker.locks import hold_writes

QUEUE = "errands-test"

pytestmark = pytest.mark.django_db(transaction=True)


class Echo(Desk[BatchMail]):
    """Writes into a mail's `error` what its call came to. What a mail's `error` says before decides about its fate."""

    model = BatchMail
    at_once = 2
    calls: ClassVar[list[int]] = []
    may_answer: ClassVar[threading.Event] = threading.Event()

    def due(self, now: object) -> QuerySet[BatchMail]:
        return self.rows().filter(next_action_at__lte=now, lease_token="").order_by("next_action_at", "pk")

    def prepare(self, rows: list[BatchMail], now: object) -> list[tuple[BatchMail, Work]]:
        if any(row.error == "breaks desk" for row in rows):
            raise ZeroDivisionError
        return [(row, self._call(row.pk, row.error)) for row in rows if row.error != "not now"]

    def _call(self, pk: int, wish: str) -> Work:
        def call() -> object:
            self.calls.append(pk)
            self.may_answer.wait(60)
            return 1 / 0 if wish == "breaks call" else f"done {pk} {self.fence()()}".strip()

        return call

    def settle(self, row: BatchMail, result: object, now: object) -> None:
        if row.error == "breaks settling":
            raise ZeroDivisionError
        self.rows().filter(pk=row.pk).update(error=result, next_action_at=None)

    def settle_late(self, row: BatchMail, result: object, now: object) -> None:
        self.rows().filter(pk=row.pk).update(error=f"late {result}")

    def take_back(self, rows: list[BatchMail], now: object) -> None:
        self.rows().filter(pk__in=[row.pk for row in rows]).update(error="taken back", next_action_at=None)


@pytest.fixture(autouse=True)
def answering() -> Iterator[None]:
    """Let calls answer at once, unless a test says otherwise."""
    Echo.calls.clear()
    Echo.may_answer.set()
    yield
    Echo.may_answer.set()
    get_broker(QUEUE).delete_queue()
    until(lambda: not any(one.name.startswith("ecwid") for one in threading.enumerate()), "the end of the threads")


@pytest.fixture
def caller() -> Iterator[Caller]:
    one = Caller(2)
    yield one
    one.close()


@pytest.fixture
def errands(caller: Caller) -> Iterator[Errands]:
    holder = seat.take(QUEUE, "mine", timezone.now())
    assert holder is not None
    one = Errands(holder, caller, [Echo])
    yield one
    one.close()


def mail(error: str = "", **fields: object) -> BatchMail:
    now = timezone.now()
    made = {"next_action_at": now, "created_at": now, **fields}
    owner = User.objects.get_or_create(username="owner")[0]
    return BatchMail.objects.create(batch=BatchFactory.create(), user=owner, error=error, **made)


def said(*rows: BatchMail) -> list[str]:
    return [BatchMail.objects.get(pk=row.pk).error for row in rows]


def lease_of(row: BatchMail) -> str:
    return BatchMail.objects.get(pk=row.pk).lease_token


def launch(errands: Errands, **clocks: float) -> None:
    """Look at every desk now, though it rests."""
    errands._look_at.clear()
    errands.launch(**{"began": time.monotonic(), **clocks})


def answers(errands: Errands) -> Errands:
    """Collect once all that is in the air has come in."""
    until(lambda: all(future.done() for future in errands.in_air), "the answers")
    errands.collect()
    return errands


def test_an_errand_is_leased_called_settled_and_free_again(errands: Errands) -> None:
    row = mail()

    launch(errands)
    leased = lease_of(row)
    answers(errands).settle()

    assert (leased != "", lease_of(row)) == (True, "")
    assert said(row) == [f"done {row.pk}"]
    assert not errands.unsettled


def test_no_more_are_in_the_air_at_once_than_the_desk_allows(errands: Errands) -> None:
    Echo.may_answer.clear()
    rows = [mail() for _ in range(3)]

    launch(errands)
    launch(errands)

    assert [lease_of(row) != "" for row in rows] == [True, True, False]


def test_what_the_desk_leaves_out_is_given_back(errands: Errands) -> None:
    row = mail("not now")

    launch(errands)

    assert (lease_of(row), errands.in_air) == ("", {})


@pytest.mark.parametrize("part", ["breaks settling", "breaks call"])
def test_one_that_breaks_keeps_its_lease_until_that_is_void_and_holds_up_nobody(errands: Errands, part: str) -> None:
    broken, other = mail(part), mail()

    launch(errands)
    answers(errands).settle()

    assert said(broken, other) == [part, f"done {other.pk}"]
    assert lease_of(broken) != ""
    errands.take_back(timezone.now() + timedelta(hours=1))
    assert (said(broken), lease_of(broken)) == (["taken back"], "")


def test_a_desk_that_breaks_does_not_hold_up_another(caller: Caller) -> None:
    class Broken(Echo):
        def due(self, now: object) -> QuerySet[BatchMail]:
            raise ZeroDivisionError

        def gives_work(self, now: object) -> bool:
            raise ZeroDivisionError

    holder = seat.take(QUEUE, "mine", timezone.now())
    assert holder is not None
    both, row = Errands(holder, caller, [Broken, Echo]), mail()

    launch(both)
    answers(both).settle()

    assert said(row) == [f"done {row.pk}"]
    assert not both.give_work(timezone.now())
    both.close()


def test_a_desk_that_breaks_while_it_prepares_leaves_no_lease(errands: Errands) -> None:
    row = mail("breaks desk")

    launch(errands)

    assert (lease_of(row), errands.in_air) == ("", {})


def test_an_answer_under_a_lease_that_was_lost_settles_nothing(errands: Errands) -> None:
    row = mail()
    launch(errands)
    BatchMail.objects.update(lease_token="another")

    answers(errands).settle()

    assert said(row) == [f"late done {row.pk}"]
    assert lease_of(row) == "another"


def test_an_answer_for_a_row_that_is_gone_is_dropped(errands: Errands) -> None:
    mail()
    launch(errands)
    BatchMail.objects.all().delete()

    answers(errands).settle()

    assert not errands.unsettled


def test_an_answer_for_a_row_that_is_deleted_just_then_is_dropped_too(
    errands: Errands, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    row = mail()
    launch(errands)
    monkeypatch.setattr(Echo, "lock_first", lambda *_: BatchMail.objects.filter(pk=row.pk).delete())

    answers(errands).settle()

    assert (errands.unsettled, caplog.records) == ([], [])


def test_answers_stay_in_hand_while_the_database_is_away_and_their_leases_are_renewed(errands: Errands) -> None:
    rows = [mail(), mail()]
    launch(errands)
    answers(errands)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Echo, "settle", _away)
        with pytest.raises(OperationalError):
            errands.settle()
    assert len(errands.unsettled) == 2
    ends = [BatchMail.objects.get(pk=row.pk).leased_until for row in rows]
    errands.renew(timezone.now() + timedelta(seconds=5))
    errands.settle()

    assert said(*rows) == [f"done {row.pk}" for row in rows]
    assert all(ends)


def _away(*_: object) -> None:
    raise OperationalError


def test_a_renewed_lease_is_not_void(errands: Errands) -> None:
    Echo.may_answer.clear()
    row = mail()
    launch(errands)

    errands.renew(timezone.now() + timedelta(hours=1))
    WorkerBeat.objects.update(beat_at=timezone.now() + timedelta(hours=1))
    errands.take_back(timezone.now() + timedelta(hours=1))

    assert (said(row), lease_of(row) != "") == ([""], True)


@pytest.mark.parametrize(("stopped", "only_stopped", "taken"), [(True, True, True), (False, True, False)])
def test_only_what_surely_nobody_holds_is_taken_back_where_that_is_asked_for(
    errands: Errands, *, stopped: bool, only_stopped: bool, taken: bool
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    dead = WorkerBeatFactory.create(beat_at=long_ago, stopped_at=long_ago if stopped else None)
    row = mail(lease_token="theirs", leased_by=dead, leased_until=timezone.now() + timedelta(minutes=1))

    errands.take_back(timezone.now(), only_stopped=only_stopped)

    assert said(row) == (["taken back"] if taken else [""])


def test_at_the_end_what_is_in_the_air_is_given_back(errands: Errands) -> None:
    Echo.may_answer.clear()
    row = mail()
    launch(errands)

    errands.give_back(timezone.now())

    assert (said(row), lease_of(row)) == (["taken back"], "")


def test_a_call_is_told_when_it_is_too_late_to_send(errands: Errands) -> None:
    row = mail()

    launch(errands, began=time.monotonic() - 3600)
    answers(errands).settle()

    assert said(row) == [f"done {row.pk} it was too late to send it"]


@pytest.mark.parametrize(("due_in", "lease_token", "works"), [(5, "", True), (3600, "", False), (3600, "theirs", True)])
def test_the_tick_stays_for_what_is_due_soon_or_in_somebodys_hands(
    errands: Errands, *, due_in: int, lease_token: str, works: bool
) -> None:
    mail(next_action_at=timezone.now() + timedelta(seconds=due_in), lease_token=lease_token)

    assert errands.give_work(timezone.now()) is works


def test_a_tick_does_errands_beside_clones_and_leaves_when_both_are_done(
    shop: TemplateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "DESKS", [Echo])
    (job,) = start_batch(Order(shop, ["9001"])).jobs
    rows = [mail() for _ in range(5)]

    tick.run_tick(QUEUE, lambda: False)

    assert fresh(job).status == JobStatus.COMPLETED
    assert said(*rows) == [f"done {row.pk}" for row in rows]
    assert sorted(Echo.calls) == [row.pk for row in rows]


def test_a_tick_that_is_told_to_stop_gives_its_errands_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "DESKS", [Echo])
    monkeypatch.setattr(tick, "STOP_SECONDS", 0.2)
    Echo.may_answer.clear()
    row = mail()

    tick.run_tick(QUEUE, lambda: bool(Echo.calls))

    assert (said(row), lease_of(row)) == (["taken back"], "")


def test_a_tick_keeps_an_errands_answer_over_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, impatient: None
) -> None:
    monkeypatch.setattr(tick, "DESKS", [Echo])
    Echo.may_answer.clear()
    row = mail()

    def let_the_answer_meet_a_locked_database() -> None:
        until(lambda: Echo.calls, "the call")
        with hold_writes():
            Echo.may_answer.set()
            until(lambda: f"Answers are in hand for errands: BatchMail {row.pk}." in caplog.text, "a write that failed")

    with ThreadPoolExecutor(1) as other:
        told = other.submit(let_the_answer_meet_a_locked_database)
        tick.run_tick(QUEUE, lambda: False)
        told.result()

    assert said(row) == [f"done {row.pk}"]
    assert Echo.calls == [row.pk]


def test_two_workers_never_do_the_same_errand(caller: Caller) -> None:
    holders = [seat.take(f"{QUEUE}-{n}", "mine", timezone.now()) for n in range(2)]
    both = [Errands(holder, caller, [Echo]) for holder in holders if holder]
    rows = [mail() for _ in range(4)]

    for one in both:
        launch(one)
    for one in both:
        answers(one).settle()
        one.close()

    assert sorted(Echo.calls) == [row.pk for row in rows]
