"""Every documented test store, met by the portal's real client and engine over HTTP: what becomes of a job.

The engine's clock is moved on from one action to the next, so that patience of minutes or hours costs no time here; a
clone that is slow on purpose is ended by control call once it was seen running.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from clones.choices import BlockReason, CloneScope, FailureKind, JobStatus
from clones.ecwid import (
    CredentialsRefused,
    NoAnswer,
    RateLimited,
    Refused,
    RemoteStatus,
    StoreClient,
    StoreCredentials,
    make_session,
)
from clones.engine import leasing
from clones.engine.calls import Caller, Silence
from clones.engine.settle import settle
from clones.models import CloneJob, Connection, EntityMapping
from clones.sandbox.teststores import TEST_STORES, TEST_STORES_BY_ID, TestStore
from tests.conftest import connect_to
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
    events_of,
    fresh,
)
from tests.sandbox.test_reads_by_the_client import READS
from tests.sandbox_process import SandboxProcess, store_token
from tests.waiting import until

TEMPLATE, TARGET = 1, 2
PRODUCTS, CATEGORIES = 12, 5
ENDS_WITHIN_SECONDS = 120.0
LOOKS_AT_A_SLOW_CLONE = 3
PATIENCE = timedelta(days=2)  # of the engine's clock

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Reading:
    """What the portal makes of a test store. A job that has not ended stopped at `block`, or in a clone that stays."""

    status: JobStatus
    kind: FailureKind | None = None
    block: BlockReason | None = None
    pairs: int = PRODUCTS + CATEGORIES


COMPLETED = Reading(JobStatus.COMPLETED)


def failed(kind: FailureKind) -> Reading:
    return Reading(JobStatus.FAILED, kind, pairs=0)


READINGS = {
    9101: Reading(JobStatus.WAITING, block=BlockReason.CREDENTIALS, pairs=0),
    9102: failed(FailureKind.TEMPLATE),
    **{number: failed(FailureKind.TARGET) for number in (9103, 9104, *range(9106, 9112), *range(9117, 9120), 9142)},
    9105: failed(FailureKind.BUSY),
    **{number: failed(FailureKind.TRANSIENT) for number in range(9112, 9116)},
    9121: failed(FailureKind.ECWID),
    9122: failed(FailureKind.ECWID),
    9123: Reading(JobStatus.QUEUED, pairs=0),
    9124: Reading(JobStatus.IN_PROGRESS, pairs=0),
    9127: replace(COMPLETED, pairs=PRODUCTS + CATEGORIES + 1),
    **{number: replace(COMPLETED, pairs=0) for number in (*range(9131, 9140), 9146)},  # empty templates, no mapping
    9144: replace(COMPLETED, pairs=CATEGORIES),
    9145: replace(COMPLETED, pairs=PRODUCTS),
    9147: failed(FailureKind.UNKNOWN),
    9159: failed(FailureKind.RESULT_LOST),
    9161: failed(FailureKind.TICKET_LOST),
    9162: replace(COMPLETED, pairs=6 + 3),
    9163: failed(FailureKind.TARGET),
    9164: Reading(JobStatus.WAITING, block=BlockReason.RATE_LIMITED, pairs=0),
    **{number: replace(COMPLETED, pairs=15 + 4) for number in range(9171, 9176)},
}


class Portal:
    """The portal at one sandbox: makes a job and drives it by the engine's own steps."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.connection = connect_to(sandbox)
        self.worker = WorkerBeatFactory.create(beat_at=timezone.now()).pk
        self.caller = Caller(threads=1)

    def job(self, one: TestStore, **wish: object) -> CloneJob:
        """Return a waiting job with the test store in its place, and an ordinary store in the other."""
        self.sandbox.add_spec(replace(one.spec, sleep=min(one.spec.sleep, 0.1)))
        source, target = (one.spec.id, TARGET) if one.use_as == "template" else (TEMPLATE, one.spec.id)
        template = TemplateStoreFactory.create(connection=self.connection, store_id=str(source))
        return CloneJobFactory.create(
            status=JobStatus.WAITING,
            batch=BatchFactory.create(template=template),
            target=TargetStoreFactory.create(connection=self.connection, store_id=str(target)),
            **wish,
        )

    def drive(self, job: CloneJob, *, stays_in: str = "", unseen: bool = False) -> CloneJob:
        """Go on until the job has ended, its connection is stopped, or it is seen where its clone stays for ever.

        `unseen`: every clone has run to its end before the next call.
        """
        now = start = timezone.now()
        looks, ends_at = 0, time.monotonic() + ENDS_WITHIN_SECONDS
        while True:
            row = fresh(job)
            stopped = Connection.objects.get(pk=self.connection.pk).is_blocked(now)
            if row.is_terminal or stopped or (stays_in and row.status == stays_in):
                return row
            assert time.monotonic() < ends_at, (row.status, events_of(row))
            assert now - start < PATIENCE, events_of(row)
            now = self.step(max(now, row.next_action_at or now))
            if unseen:
                until(lambda: all(clone.finished_at for clone in self.sandbox.log()), "the end of the clones")
            looks += row.remote_status not in {"", RemoteStatus.QUEUED}
            if looks == LOOKS_AT_A_SLOW_CLONE and not stays_in:
                self._end(row.ticket)

    def step(self, now: datetime) -> datetime:
        """Make the call that is due at `now` and settle its answer, as a tick does; return the time after it."""
        jobs = leasing.lease_due(self.connection.pk, self.worker, 1, now)
        client = self.caller.client_for(self.connection)
        settle([self.caller.call(client, job, now, time.monotonic(), time.monotonic() + 60).run() for job in jobs], now)
        return now + timedelta(milliseconds=200)

    def _end(self, ticket: str) -> None:
        if any(clone.ticket == ticket and clone.finished_at is None for clone in self.sandbox.log()):
            self.sandbox.finish(ticket)


@pytest.fixture
def portal(sandbox: SandboxProcess) -> Iterator[Portal]:
    sandbox.add_store(TEMPLATE, products=PRODUCTS, categories=CATEGORIES, zones=1)
    sandbox.add_store(TARGET)
    portal = Portal(sandbox)
    yield portal
    portal.caller.close()


def mapping_of(job: CloneJob) -> set[tuple[str, str]]:
    return set(EntityMapping.objects.filter(job=job).values_list("source_id", "target_id"))


def logged_mapping(sandbox: SandboxProcess, ticket: str) -> set[tuple[str, str]]:
    return {(old, str(new)) for pairs in sandbox.mapping(ticket).values() for old, new in pairs.items()}


@pytest.mark.parametrize("one", TEST_STORES, ids=lambda one: str(one.spec.id))
def test_the_portal_reads_a_test_store_as_its_table_says(
    portal: Portal, sandbox: SandboxProcess, one: TestStore
) -> None:
    wanted = READINGS.get(one.spec.id, COMPLETED)

    row = portal.drive(portal.job(one), stays_in=one.spec.stays_in, unseen=one.spec.clone_seconds == 0)

    assert (row.status, row.failure_kind or None) == (wanted.status, wanted.kind)
    assert EntityMapping.objects.filter(job=row).count() == wanted.pairs
    connection = Connection.objects.get(pk=portal.connection.pk)
    assert (connection.block_reason or None) == wanted.block
    if wanted.status == JobStatus.FAILED and one.code:
        assert row.error_code == one.code
    if wanted.status == JobStatus.COMPLETED:
        (clone,) = sandbox.log()  # not one more, whatever got lost
        assert (row.ticket, mapping_of(row)) == (clone.ticket, logged_mapping(sandbox, clone.ticket))
        assert "COMPLETED" in one.gives


def test_a_store_that_alone_refuses_the_key_stops_the_others_for_a_while_and_ends_alone(portal: Portal) -> None:
    other = portal.drive(portal.job(TEST_STORES_BY_ID[9124]), stays_in=TEST_STORES_BY_ID[9124].spec.stays_in)
    target = TargetStoreFactory.create(connection=portal.connection, store_id="9101")
    job = CloneJobFactory.create(status=JobStatus.WAITING, batch=other.batch, target=target)
    portal.sandbox.add_spec(TEST_STORES_BY_ID[9101].spec)

    now = timezone.now()
    while not fresh(job).is_terminal:
        portal.caller.silence = Silence()  # it ends by a clock that cannot be moved on
        now = max(portal.step(now), Connection.objects.get().blocked_until or now) + timedelta(seconds=1)

    row = fresh(job)
    assert (row.status, row.failure_kind, row.error_code) == (
        JobStatus.FAILED,
        FailureKind.TARGET,
        "AUTH_APP_DOESNT_EXIST",
    )
    assert fresh(other).status == JobStatus.IN_PROGRESS
    assert Connection.objects.get().block_reason == ""


def test_a_store_that_takes_settings_while_it_is_full_is_read_as_its_table_says(portal: Portal) -> None:
    job = portal.job(TEST_STORES_BY_ID[9163], scope=CloneScope.STORE_SETTINGS)

    row = portal.drive(job)

    assert (row.status, EntityMapping.objects.filter(job=row).count()) == (JobStatus.COMPLETED, 0)


def test_demo_products_come_along_when_chosen(portal: Portal) -> None:
    row = portal.drive(portal.job(TEST_STORES_BY_ID[9162], clone_demo_catalog=True))

    assert EntityMapping.objects.filter(job=row).count() == 6 + 3 + 3 + 1


@pytest.mark.parametrize(("number", "shown"), [(9148, "COPYING_IMAGES"), (9149, "IN\\_PROGRESS")])
def test_an_odd_status_is_kept_as_it_came_while_the_clone_runs(portal: Portal, number: int, shown: str) -> None:
    job = portal.job(TEST_STORES_BY_ID[number])
    seen = set[str]()
    now = timezone.now()
    while shown not in seen:
        now = portal.step(max(now, fresh(job).next_action_at or now))
        seen.add(fresh(job).remote_status)

    assert fresh(job).status in {JobStatus.QUEUED, JobStatus.IN_PROGRESS}


READ_ERRORS = {
    9131: Refused,
    9132: CredentialsRefused,
    9133: CredentialsRefused,
    9134: Refused,
    9135: NoAnswer,  # a 408 may be a gateway that lost the answer
    9136: RateLimited,
    9137: NoAnswer,
    9138: NoAnswer,
    9139: NoAnswer,
}


@pytest.mark.parametrize("number", READ_ERRORS)
@pytest.mark.parametrize("call", READS)
def test_the_portals_client_cannot_read_what_cannot_be_read(sandbox: SandboxProcess, number: int, call: str) -> None:
    sandbox.add_spec(TEST_STORES_BY_ID[number].spec)
    with make_session() as session:
        client = StoreClient(StoreCredentials(sandbox.api_url, str(number), store_token(number)), session)
        if (number, call) == (9132, "profile"):
            assert client.profile().store_id == "9132"
            return

        with pytest.raises(READ_ERRORS[number]):
            READS[call](client)


@pytest.mark.parametrize("number", range(9171, 9176))
def test_the_portals_client_reads_a_hostile_name_as_it_is(sandbox: SandboxProcess, number: int) -> None:
    spec = TEST_STORES_BY_ID[number].spec
    sandbox.add_spec(spec)

    with make_session() as session:
        profile = StoreClient(StoreCredentials(sandbox.api_url, str(number), store_token(number)), session).profile()

    assert (profile.store_name, profile.account_name) == (spec.name, spec.name)
