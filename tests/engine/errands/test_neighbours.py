"""Two connections at one address, each with a key of its own: one e-mail gets one store, whoever asks for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection as database
from django.utils import timezone

from clones.choices import CreationStatus, FailureKind, JobStatus
from clones.engine.errands.creating import CreationDesk
from clones.models import CloneEvent, CloneJob, Connection, StoreCreation
from clones.operations.creations import enter_store
from clones.operations.errors import InvalidRequestError
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
)
from tests.sandbox_process import SandboxProcess
from tests.waiting import until

SOON = timedelta(seconds=30)
SECRET = "another-secret"
SCOPES = ["clone_stores", "create_stores", "read_stores"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def connections(sandbox: SandboxProcess) -> list[Connection]:
    """Return two connections to one sandbox, each with an application of its own there."""
    sandbox.add_app("another-app", SECRET, SCOPES)
    own = connect_to(sandbox)
    another = ConnectionFactory.create(
        api_url=own.api_url, client_id="another-app", client_secret=Secret.seal(SECRET), rate_limit=6000
    )
    return [own, another]


def wanted(connection: Connection, email: str = "anna@example.com", **fields: object) -> StoreCreation:
    row = StoreCreationFactory.create(connection=connection, email=email, **fields)
    template = TemplateStoreFactory.create(connection=connection)
    CloneJobFactory.create(batch=BatchFactory.create(template=template), target=row.target, next_action_at=None)
    return row


def statuses(*rows: StoreCreation) -> list[str]:
    return [StoreCreation.objects.get(pk=row.pk).status for row in rows]


def test_an_e_mail_gets_one_store_over_whichever_connection(
    connections: list[Connection], sandbox: SandboxProcess
) -> None:
    rows = [wanted(connection) for connection in connections]
    worker = Driver(CreationDesk)

    for turn in range(3):
        worker.go_round(timezone.now() + turn * SOON)

    assert sorted(statuses(*rows)) == [CreationStatus.CREATED, CreationStatus.FAILED]
    assert len(sandbox.requests(call="store_create")) == 1


@pytest.mark.parametrize(
    ("status", "in_doubt", "goes"),
    [
        (CreationStatus.CREATING, True, False),
        (CreationStatus.LOOKING, True, False),
        (CreationStatus.NEEDS_PERSON, True, False),
        (CreationStatus.CREATED, False, False),
        (CreationStatus.NEEDS_PERSON, False, True),
        (CreationStatus.WAITING, False, True),
        (CreationStatus.FAILED, False, True),
        (CreationStatus.CANCELED, False, True),
    ],
)
def test_what_another_connection_may_have_asked_for_is_not_asked_for_again(
    connections: list[Connection], status: CreationStatus, *, in_doubt: bool, goes: bool
) -> None:
    other = wanted(
        connections[0], status=status, unanswered_since=timezone.now() if in_doubt else None, next_action_at=None
    )
    row = wanted(connections[1])

    _, work = Driver(CreationDesk).lease(timezone.now() + SOON)

    assert [each.pk for each, _ in work] == ([row.pk] if goes else [])
    assert statuses(other, row) == [status, CreationStatus.CREATING if goes else CreationStatus.FAILED]
    job = CloneJob.objects.get(target=row.target)
    assert job.failure_kind == ("" if goes else FailureKind.NO_STORE)
    told = f"over connection “{connections[0]}”, so none was asked for"
    assert CloneEvent.objects.filter(job=job, note__contains=told).exists() is not goes


def test_a_connection_at_another_address_is_no_neighbour() -> None:
    near, far = ConnectionFactory.create(), ConnectionFactory.create(api_url="https://other.example.com/api/v3")
    wanted(far, status=CreationStatus.CREATED)
    row = wanted(near)

    _, work = Driver(CreationDesk).lease(timezone.now() + SOON)

    assert [each.pk for each, _ in work] == [row.pk]


def test_a_store_that_another_connection_is_at_cannot_be_entered() -> None:
    one, other = ConnectionFactory.create(), ConnectionFactory.create()
    taken = TargetStoreFactory.create(connection=other, store_id="9001")
    CloneJobFactory.create(batch__template__connection=other, target=taken, status=JobStatus.QUEUED)
    row = wanted(one, status=CreationStatus.NEEDS_PERSON, next_action_at=None)

    with pytest.raises(InvalidRequestError, match="9001 is a target already"):
        enter_store(CloneJob.objects.get(target=row.target), "9001")


@pytest.mark.django_db(transaction=True)
def test_two_workers_over_two_connections_create_each_store_once(
    connections: list[Connection], sandbox: SandboxProcess
) -> None:
    for number in range(8):
        for connection in connections:
            wanted(connection, f"owner-{number}@example.com")
    workers = [Driver(CreationDesk) for _ in range(2)]

    def work(worker: Driver) -> None:
        try:
            moving, turn = StoreCreation.objects.filter(finished_at=None), count(1)
            until(lambda: not worker.go_round(timezone.now() + next(turn) * SOON) and not moving.exists(), "the end")
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, workers))

    created = StoreCreation.objects.filter(status=CreationStatus.CREATED)
    assert sorted(created.values_list("email", flat=True)) == [f"owner-{number}@example.com" for number in range(8)]
    assert len(sandbox.requests(call="store_create")) == 8
