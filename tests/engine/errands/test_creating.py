"""Stores that are created before they are cloned into: the desk, at the real sandbox, with every test e-mail.

The clock is moved on from one round to the next, so that patience of minutes or days costs no time here.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection as database
from django.utils import timezone

from clones.choices import BlockReason, CreationStatus, FailureKind, HoldReason, JobStatus
from clones.ecwid import Conflict, CreatedStore, Timeouts
from clones.engine import arrival, budget
from clones.engine.errands import creation_rules, leases
from clones.engine.errands.creating import LEFT_NOTE, CreationDesk
from clones.engine.errands.creation_calls import Answer
from clones.models import CloneEvent, CloneJob, Connection, StoreCreation, TargetStore
from clones.operations.cancel import cancel_jobs
from clones.operations.creations import look_again
from clones.sandbox.testemails import TEST_EMAILS
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.engine.errands.driving import Driver
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
    fresh,
)
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token
from tests.waiting import until

NOW = timezone.now()
SOON = timedelta(seconds=30)
PATIENCE = timedelta(days=3)

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(sandbox: SandboxProcess) -> Connection:
    return connect_to(sandbox)


@pytest.fixture
def worker(connection: Connection) -> Driver:
    return Driver(CreationDesk)


def wanted(connection: Connection, name: str = "new", **fields: object) -> StoreCreation:
    """Make a creation for `name`@example.com, and the clone that waits for the store."""
    email = f"{name}@example.com"
    row = StoreCreationFactory.create(connection=connection, email=email, created_at=NOW, **fields)
    template = TemplateStoreFactory.create(connection=connection)
    CloneJobFactory.create(batch=BatchFactory.create(template=template), target=row.target, next_action_at=None)
    return row


def now_of(row: StoreCreation) -> StoreCreation:
    return StoreCreation.objects.select_related("target").get(pk=row.pk)


def job_of(row: StoreCreation) -> CloneJob:
    return CloneJob.objects.get(target=now_of(row).target)


def notes(row: StoreCreation) -> str:
    return " ".join(CloneEvent.objects.filter(job=job_of(row)).values_list("note", flat=True))


def drive(worker: Driver, row: StoreCreation, sandbox: SandboxProcess) -> StoreCreation:
    """Go round until nothing is left to do for `row` by itself; each round comes when it is due."""
    now = timezone.now()
    start = now
    while (seen := now_of(row)).next_action_at is not None:
        assert now - start < PATIENCE, seen.status
        now = max(now + timedelta(seconds=1), seen.next_action_at)
        sandbox.clear_limits()  # its clock is the real one
        worker.go_round(now)
    return seen


def created_for(sandbox: SandboxProcess, row: StoreCreation) -> list[int]:
    return [store["id"] for store in sandbox.stores(row.email)]


def test_a_store_is_created_and_its_clone_goes_on(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    before = wanted(connection, "before", next_action_at=None)
    row = wanted(connection)
    after = wanted(connection, "after", next_action_at=None)

    worker.go_round(NOW + SOON)

    (store_id,) = created_for(sandbox, row)
    seen = now_of(row)
    assert (seen.status, seen.unanswered_since, seen.lease_token) == (CreationStatus.CREATED, None, "")
    assert seen.target.store_id == str(store_id)
    assert seen.target.token.reveal() == store_token(store_id)
    assert job_of(row).next_action_at is not None
    for other in (before, after):
        assert (job_of(other).next_action_at, now_of(other).target.store_id, notes(other)) == (None, "", "")
    assert f"Ecwid created the store {store_id}" in notes(row)
    assert store_token(store_id) not in notes(row)


def test_creating_and_the_doubt_are_written_before_it_is_sent(connection: Connection, worker: Driver) -> None:
    row = wanted(connection)

    _, ((_, _call),) = worker.lease(NOW + SOON)

    seen = now_of(row)
    assert (seen.status, seen.tries) == (CreationStatus.CREATING, 1)
    assert seen.unanswered_since == seen.submitted_at == NOW + SOON
    assert seen.lease_token != ""


# How each test e-mail ends: the creation's status, its clone's, and a part of what the history says.
ENDS = {
    "lost-created": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "has a store for"),
    "lost-nothing": (CreationStatus.CREATED, JobStatus.WAITING, "nothing was created"),
    "empty-created": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "has a store for"),
    "html-created": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "has a store for"),
    "error-created": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "has a store for"),
    "error-nothing": (CreationStatus.CREATED, JobStatus.WAITING, "nothing was created"),
    "unclear-created": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "For a day Ecwid has not told"),
    "no-token": (CreationStatus.CREATED, JobStatus.WAITING, "It gave no access token."),
    "taken": (CreationStatus.FAILED, JobStatus.FAILED, "has a store with the e-mail"),
    "invalid": (CreationStatus.FAILED, JobStatus.FAILED, "not valid"),
    "forbidden": (CreationStatus.NEEDS_PERSON, JobStatus.WAITING, "create_stores"),
    "limited": (CreationStatus.CREATED, JobStatus.WAITING, "rate limit"),
}


@pytest.mark.parametrize("name", [one.name for one in TEST_EMAILS])
def test_every_test_email_comes_to_its_end_and_to_one_store_at_most(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, name: str
) -> None:
    row = wanted(connection, name)
    status, job_status, said = ENDS[name]

    seen = drive(worker, row, sandbox)

    job = job_of(row)
    assert (seen.status, job.status) == (status, job_status)
    assert said in notes(row)
    stores = created_for(sandbox, row)
    assert len(stores) == (status == CreationStatus.CREATED or "-created" in name)
    assert seen.target.store_id == (str(stores[0]) if status == CreationStatus.CREATED else "")
    assert (job.failure_kind == FailureKind.NO_STORE) is (status == CreationStatus.FAILED)
    assert (job.next_action_at is not None) is (status == CreationStatus.CREATED)


def test_a_request_that_comes_late_after_an_early_look_makes_no_second_store(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    """The lost request is still on its way while the look-up says 404 for it, and is worked on only then."""
    row = wanted(connection)
    sandbox.fault("hold_before", call="store_create")
    desk, ((leased, call),) = worker.lease(NOW + SOON)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(call)
        assert sandbox.held(wait=60)
        leases.give_back(desk, {leased.pk: leased.lease_token}, NOW + SOON)  # its worker is told to stop
        worker.go_round(NOW + SOON)
        assert now_of(row).status == CreationStatus.LOOKING
        assert sandbox.requests(call="store_lookup")[-1].http_status == 404
        sandbox.release()
    until(lambda: created_for(sandbox, row), "the store")

    seen = drive(worker, row, sandbox)

    assert seen.status == CreationStatus.NEEDS_PERSON
    assert len(sandbox.requests(call="store_create")) == 1
    assert len(created_for(sandbox, row)) == 1


def test_a_late_answer_keeps_the_id_where_the_row_is_still_without_one(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    row = wanted(connection)
    desk, ((leased, call),) = worker.lease(NOW + SOON)
    leases.give_back(desk, {leased.pk: leased.lease_token}, NOW + SOON)
    assert now_of(row).status == CreationStatus.LOOKING
    assert LEFT_NOTE in notes(row)

    leases.settle(desk, leased.pk, leased.lease_token, call(), NOW + SOON)

    (store_id,) = created_for(sandbox, row)
    assert (now_of(row).status, now_of(row).target.store_id) == (CreationStatus.CREATED, str(store_id))
    assert job_of(row).next_action_at == NOW + SOON


@pytest.mark.parametrize(
    ("status", "keeps"),
    [(CreationStatus.LOOKING, True), (CreationStatus.WAITING, True), (CreationStatus.NEEDS_PERSON, True),
     (CreationStatus.CREATING, True), (CreationStatus.FAILED, False), (CreationStatus.CANCELED, False)],
)  # fmt: skip
def test_a_late_answer_is_kept_wherever_the_row_has_got_to(
    connection: Connection, worker: Driver, status: CreationStatus, *, keeps: bool
) -> None:
    row = wanted(connection, status=status)
    answer = Answer(connection, CreatedStore("7001", "secret_7001"), NOW)

    for _ in range(2):  # the database may have taken it without being able to say so
        leases.settle(CreationDesk(worker.lease(NOW - SOON)[0].caller), row.pk, "lost", answer, NOW)

    assert now_of(row).target.store_id == ("7001" if keeps else "")
    assert now_of(row).status == (CreationStatus.CREATED if keeps else status)
    assert "7001" in notes(row)


def test_after_a_lost_request_a_conflict_is_for_a_person(connection: Connection, worker: Driver) -> None:
    row = wanted(connection, "taken", tries=1)

    worker.go_round(NOW + SOON)

    assert (now_of(row).status, job_of(row).status) == (CreationStatus.NEEDS_PERSON, JobStatus.WAITING)


def test_a_missing_scope_stops_no_clone_and_is_asked_for_once(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    sandbox.add_app(CLIENT_ID, CLIENT_SECRET, ["clone_stores", "read_stores"])
    rows = [wanted(connection, f"new-{n}") for n in range(4)]
    held = wanted(connection, "held", next_action_at=None)
    in_hand = wanted(connection, "in-hand", lease_token="theirs", leased_until=NOW + PATIENCE)
    elsewhere = wanted(ConnectionFactory.create(), "elsewhere", next_action_at=NOW + PATIENCE)
    desk, ((first, call),) = worker.lease(NOW + SOON, room=1)

    leases.settle(desk, first.pk, first.lease_token, call(), NOW + SOON)
    worker.go_round(NOW + SOON)

    assert {now_of(row).status for row in rows} == {CreationStatus.NEEDS_PERSON}
    assert {now_of(row).error_code for row in rows} == {"INSUFFICIENT_APP_SCOPE"}
    assert {(now_of(row).unanswered_since, now_of(row).next_action_at) for row in rows} == {(None, None)}
    assert all("create_stores" in notes(row) for row in rows)
    assert {now_of(other).status for other in (held, in_hand, elsewhere)} == {CreationStatus.WAITING}
    assert {notes(other) for other in (held, in_hand, elsewhere)} == {""}
    assert len(sandbox.requests(call="store_create")) == 1
    assert set(Connection.objects.values_list("block_reason", flat=True)) == {""}


def test_a_key_that_only_creations_are_refused_stops_the_connection_once(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    rows = [wanted(connection, f"new-{n}") for n in range(3)]
    sandbox.fault("error", call="store_create", error_code="INVALID_API_TOKEN", times=None)
    worker.go_round(NOW + SOON)
    assert Connection.objects.get().block_reason == BlockReason.CREDENTIALS
    budget.resume_traffic(connection.pk, NOW + PATIENCE)  # as when a clone has the key accepted

    worker.go_round(NOW + SOON)

    assert Connection.objects.get().block_reason == ""
    assert {now_of(row).status for row in rows} == {CreationStatus.NEEDS_PERSON}


def test_a_refused_key_stops_the_connection_and_nothing_counts_as_sent(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    Connection.objects.update(client_secret=Secret.seal("wrong"))
    row = wanted(connection)

    worker.go_round(NOW + SOON)
    worker.go_round(NOW + SOON)

    seen = now_of(row)
    assert (seen.status, seen.unanswered_since, seen.tries) == (CreationStatus.WAITING, None, 0)
    assert Connection.objects.get().block_reason == BlockReason.CREDENTIALS
    assert len(sandbox.requests(call="store_create")) == 1


def test_a_creation_is_the_probe_that_sets_a_key_free_again(connection: Connection, worker: Driver) -> None:
    stopped = {"blocked_since": NOW, "blocked_until": NOW, "block_reason": BlockReason.CREDENTIALS}
    Connection.objects.update(**stopped, block_message="Refused.")
    rows = [wanted(connection, f"new-{n}") for n in range(3)]

    worker.go_round(NOW + SOON)

    assert [now_of(row).status for row in rows].count(CreationStatus.CREATED) == 1
    assert Connection.objects.get().block_reason == ""


def test_a_key_that_may_not_clone_is_not_probed_by_a_creation(connection: Connection, worker: Driver) -> None:
    stopped = {"blocked_since": NOW, "blocked_until": NOW, "block_reason": BlockReason.CREDENTIALS}
    Connection.objects.update(**stopped, block_message="Ecwid refused: no (INSUFFICIENT_APP_SCOPE).")
    wanted(connection)

    assert worker.go_round(NOW + SOON) == []


def test_a_limit_stops_the_connection_until_it_is_over(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    rows = [wanted(connection, "limited"), wanted(connection)]

    worker.go_round(NOW + SOON)

    assert Connection.objects.get().block_reason == BlockReason.RATE_LIMITED
    assert worker.go_round(NOW + SOON) == []
    assert {now_of(row).unanswered_since for row in rows if now_of(row).status == CreationStatus.WAITING} == {None}


def test_requests_come_out_of_the_connections_budget(connection: Connection, worker: Driver) -> None:
    Connection.objects.update(rate_limit=60, bucket_level=2, bucket_at=NOW)
    for n in range(5):
        wanted(connection, f"new-{n}")

    assert len(worker.lease(NOW)[1]) == 1  # a second of the limit at most
    assert worker.lease(NOW)[1] == []


def test_no_more_are_in_the_air_than_a_refused_key_may_cost(connection: Connection, worker: Driver) -> None:
    Connection.objects.update(rate_limit=600, bucket_level=100, bucket_at=NOW)
    for n in range(budget.MOST_IN_AIR + 5):
        wanted(connection, f"new-{n}")
    held = WorkerBeatFactory.create()
    until_then = NOW + timedelta(seconds=30)
    CloneJobFactory.create_batch(
        10, batch__template__connection=connection, lease_token="x", leased_by=held, leased_until=until_then
    )

    assert len(worker.lease(NOW)[1]) == budget.MOST_IN_AIR - 10
    connection.refresh_from_db()
    assert budget.room_in_air(connection, NOW) == 0


def test_a_connection_without_budget_does_not_stand_in_anothers_way(connection: Connection, worker: Driver) -> None:
    busy = BatchFactory.create().connection
    Connection.objects.filter(pk=busy.pk).update(bucket_level=-50, bucket_at=NOW)
    for n in range(3):
        wanted(busy, f"busy-{n}")
    row = wanted(connection)

    _, work = worker.lease(NOW, room=1)

    assert [leased.pk for leased, _ in work] == [row.pk]


def test_a_paused_connection_sends_nothing(connection: Connection, worker: Driver) -> None:
    Connection.objects.update(paused_at=NOW)
    wanted(connection)

    assert worker.go_round(NOW + SOON) == []


def test_what_is_too_late_is_not_sent(connection: Connection, sandbox: SandboxProcess, worker: Driver) -> None:
    row = wanted(connection)
    desk, _ = worker.lease(NOW - SOON)
    desk.send_before = 0.0
    _, work = leases.lease(desk, worker.worker, 1, NOW + SOON)

    leases.settle(desk, row.pk, work[0][0].lease_token, work[0][1](), NOW + SOON)

    assert sandbox.requests(call="store_create") == []
    assert (now_of(row).status, now_of(row).unanswered_since) == (CreationStatus.WAITING, None)


def test_an_ecwid_that_cannot_be_reached_for_a_day_is_tried_less_and_less_often(worker: Driver) -> None:
    row = wanted(ConnectionFactory.create(api_url="http://127.0.0.1:1/api/v3"))  # nobody listens there
    now, pauses = NOW, list[float]()

    while (found := now_of(row)).status == CreationStatus.WAITING:
        assert found.next_action_at
        pauses.append((found.next_action_at - now).total_seconds())
        now = max(now, found.next_action_at)
        if len(pauses) == 30:
            StoreCreation.objects.update(trying_since=now - timedelta(hours=24))
        worker.go_round(now)

    assert pauses[1:5] == [2, 2, 2, 2]
    assert pauses[29] == 60
    assert (found.status, found.unanswered_since) == (CreationStatus.NEEDS_PERSON, None)
    look_again(job_of(row))
    assert (now_of(row).status, now_of(row).trying_since) == (CreationStatus.WAITING, None)


def test_waiting_behind_a_pause_is_no_trying(connection: Connection, worker: Driver) -> None:
    days_ago = NOW - timedelta(days=2)
    row = wanted(connection, trying_since=days_ago, submitted_at=days_ago)

    worker.lease(NOW + SOON)

    assert now_of(row).trying_since == NOW + SOON


def test_a_created_store_of_a_held_batch_does_not_start_its_clone(connection: Connection, worker: Driver) -> None:
    row = wanted(connection)
    batch = job_of(row).batch
    batch.held_since, batch.hold_reason = NOW, "SAME_FAILURES"
    batch.save()

    worker.go_round(NOW + SOON)

    assert (now_of(row).status, job_of(row).next_action_at) == (CreationStatus.CREATED, None)


def test_a_lost_request_of_a_held_batch_is_not_sent_again_by_itself(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    row = wanted(connection, "lost-nothing")
    batch = job_of(row).batch
    batch.held_since, batch.hold_reason = NOW, "SAME_FAILURES"
    batch.save()

    seen = drive(worker, row, sandbox)

    assert (seen.status, seen.next_action_at) == (CreationStatus.WAITING, None)


def test_what_nobody_waits_for_any_more_is_not_asked_for_again(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    row = wanted(connection, "lost-nothing")
    worker.go_round(NOW + SOON)
    CloneJob.objects.update(status=JobStatus.CANCELED, finished_at=NOW)

    seen = drive(worker, row, sandbox)

    assert seen.status == CreationStatus.CANCELED
    assert len(sandbox.requests(call="store_create")) == 1


def test_a_store_that_is_a_target_already_takes_the_clone_over(connection: Connection, worker: Driver) -> None:
    row = wanted(connection)
    placeholder = row.target_id
    known = TargetStoreFactory.create(connection=connection, store_id="7001", label="Known")
    imported = TargetStoreFactory.create(connection=connection, store_id="7002")
    other = wanted(connection, "other", next_action_at=None)
    answer = Answer(connection, CreatedStore("7001", "secret_7001"), NOW)
    desk, ((leased, _),) = worker.lease(NOW + SOON)

    leases.settle(desk, leased.pk, leased.lease_token, answer, NOW + SOON)

    assert (now_of(row).status, now_of(row).target) == (CreationStatus.CREATED, known)
    assert CloneJob.objects.filter(target=known).count() == 1
    assert not TargetStore.objects.filter(pk=placeholder).exists()
    assert TargetStore.objects.get(pk=known.pk).token.reveal() == "secret_7001"
    assert (now_of(other).target, job_of(other).target) == (other.target, other.target)
    assert TargetStore.objects.filter(pk=imported.pk).exists()


@pytest.mark.parametrize("taken_by", ["a clone", "a template", "another e-mail"])
def test_a_store_that_cannot_be_this_one_is_for_a_person(connection: Connection, worker: Driver, taken_by: str) -> None:
    row = wanted(connection)
    if taken_by == "a template":
        TemplateStoreFactory.create(connection=connection, store_id="7001")
    else:
        known = TargetStoreFactory.create(connection=connection, store_id="7001")
        if taken_by == "a clone":
            CloneJobFactory.create(batch=job_of(row).batch, target=known)
        else:
            StoreCreationFactory.create(connection=connection, target=known, status=CreationStatus.CREATED)
    answer = Answer(connection, CreatedStore("7001", "secret_7001"), NOW)
    desk, ((leased, _),) = worker.lease(NOW + SOON)

    leases.settle(desk, leased.pk, leased.lease_token, answer, NOW + SOON)

    assert (now_of(row).status, now_of(row).target.store_id) == (CreationStatus.NEEDS_PERSON, "")
    assert "7001" in now_of(row).error_message
    assert "secret_7001" not in now_of(row).error_message + notes(row)


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    yield
    database.close()


@pytest.mark.usefixtures("committed")
def test_two_workers_at_once_create_each_store_once(connection: Connection, sandbox: SandboxProcess) -> None:
    rows = [wanted(connection, f"new-{n}") for n in range(12)]
    workers = [Driver(CreationDesk) for _ in range(2)]

    def work(worker: Driver) -> None:
        """Go round until nothing waits: who meets the other at the connection's row leases nothing that time."""
        try:
            waiting, turn = StoreCreation.objects.filter(status=CreationStatus.WAITING), count(1)
            # On a slow machine requests are held back, and due again later.
            until(lambda: not worker.go_round(NOW + next(turn) * SOON) and not waiting.exists(), "the end of all")
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, workers))

    assert {now_of(row).status for row in rows} == {CreationStatus.CREATED}
    assert len(sandbox.requests(call="store_create")) == len(rows)


@pytest.mark.usefixtures("committed")
def test_five_refused_stores_hold_their_batch_at_once(connection: Connection, worker: Driver) -> None:
    rows = [wanted(connection, f"new-{number}") for number in range(8)]
    batch = job_of(rows[0]).batch
    CloneJob.objects.update(batch=batch)
    desk, work = worker.lease(NOW + SOON)
    refused = Answer(connection, Conflict("CONSTRAINT_VIOLATION", "Taken", 409), NOW)

    assert len(work) == 5
    for leased, _ in work:
        leases.settle(desk, leased.pk, leased.lease_token, refused, NOW + SOON)

    batch.refresh_from_db()
    assert batch.hold_reason == HoldReason.SAME_FAILURES
    assert StoreCreation.objects.filter(status=CreationStatus.WAITING, next_action_at=None).count() == 3


def test_the_pause_before_a_404_counts_covers_the_clients_own_limits() -> None:
    leaves_late = timedelta(seconds=15 / 2)
    assert leaves_late + timedelta(seconds=Timeouts().total) + timedelta(minutes=3) < creation_rules.LATE_REQUEST


def test_what_was_not_created_settles_the_doubt_about_its_own_clone_only() -> None:
    row, other = (wanted(ConnectionFactory.create(), name) for name in ("new", "other"))
    CloneJob.objects.update(unanswered_since=NOW)

    arrival.end_doubt(row)

    assert (job_of(row).unanswered_since, job_of(other).unanswered_since) == (None, NOW)


def test_a_job_that_waits_for_its_store_is_not_due(connection: Connection) -> None:
    row = wanted(connection)

    assert not CloneJob.objects.due(NOW + PATIENCE).exists()
    assert fresh(job_of(row)).status == JobStatus.WAITING


@pytest.mark.parametrize("end", [CreationStatus.FAILED, CreationStatus.CANCELED])
def test_a_store_that_comes_after_its_end_is_told_in_the_history(
    connection: Connection, worker: Driver, end: CreationStatus
) -> None:
    row = wanted(connection)
    desk, ((leased, call),) = worker.lease(NOW)
    result = call()
    StoreCreation.objects.filter(pk=row.pk).update(status=end, finished_at=NOW, lease_token="")
    CloneJob.objects.filter(target=row.target).update(status=JobStatus.CANCELED, finished_at=NOW)

    leases.settle(desk, leased.pk, leased.lease_token, result, NOW)

    assert "it had created store" in notes(row)


def test_a_store_that_comes_for_a_canceled_clone_is_told_in_its_history(connection: Connection, worker: Driver) -> None:
    row = wanted(connection)
    desk, ((leased, call),) = worker.lease(NOW)
    cancel_jobs([job_of(row)])

    leases.settle(desk, leased.pk, leased.lease_token, call(), NOW)

    assert (now_of(row).status, job_of(row).status) == (CreationStatus.CREATED, JobStatus.CANCELED)
    assert f"created the store {now_of(row).target.store_id}" in notes(row)


def test_a_connection_with_no_room_in_the_air_does_not_stand_in_anothers_way(
    connection: Connection, worker: Driver
) -> None:
    other = ConnectionFactory.create(api_url=connection.api_url)
    for number in range(20):
        wanted(other, f"full{number}", next_action_at=NOW - SOON)
    until_then = NOW + timedelta(minutes=5)
    CloneJobFactory.create_batch(
        budget.MOST_IN_AIR, batch__template__connection=other,
        lease_token="x", leased_by_id=worker.worker, leased_until=until_then,
    )  # fmt: skip
    row = wanted(connection, next_action_at=NOW)

    _, work = worker.lease(NOW, room=CreationDesk.at_once)

    assert [leased.pk for leased, _ in work] == [row.pk]


@pytest.mark.parametrize("status", [CreationStatus.WAITING, CreationStatus.NEEDS_PERSON])
def test_a_late_store_that_cannot_be_this_one_leaves_a_doubt(
    connection: Connection, worker: Driver, status: CreationStatus
) -> None:
    row = wanted(connection)
    desk, ((leased, _),) = worker.lease(NOW)
    TemplateStoreFactory.create(connection=connection, store_id="7001")
    settled = {"status": status, "unanswered_since": None, "lease_token": "", "next_action_at": None}
    StoreCreation.objects.filter(pk=row.pk).update(**settled)

    leases.settle(desk, leased.pk, leased.lease_token, Answer(connection, CreatedStore("7001", "secret"), NOW), NOW)

    assert now_of(row).status == CreationStatus.NEEDS_PERSON
    assert now_of(row).unanswered_since is not None
