"""Instant Sites after their clones: the desk, at the real sandbox."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clones.choices import BlockReason, JobStatus, SiteStatus
from clones.ecwid import CredentialsRefused, EcwidError, NoAnswer, NotFound, NotSent, RateLimited, RefusalKind, Refused
from clones.engine.errands import leases, site_rules
from clones.engine.errands.site_rules import LONGEST_PAUSE_SECONDS, MOST_TRIES, on_answer
from clones.engine.errands.sites import SiteDesk
from clones.models import Batch, CloneEvent, CloneJob, Connection, SiteClone, StoreKey, TargetStore
from clones.sandbox.teststores import TEST_STORES_BY_ID
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.engine.errands.driving import Driver
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    SiteCloneFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)
from tests.sandbox_process import SandboxProcess, store_token

NOW = timezone.now()
PATIENCE = timedelta(days=1)


@pytest.mark.parametrize(
    "error",
    [NoAnswer("dropped"), NoAnswer("HTTP status 500", 500), NotSent("unreachable"), RateLimited(30),
     Refused("TIMEOUT", "Timeout", 408, RefusalKind.TRANSIENT)],
)  # fmt: skip
def test_what_passes_is_asked_again(error: EcwidError) -> None:
    verdict = on_answer(SiteClone(tries=1), error, NOW)

    assert verdict.to == SiteStatus.WAITING
    assert verdict.fields["next_action_at"] > NOW


def test_the_pauses_grow_and_in_the_end_it_fails() -> None:
    verdicts = [on_answer(SiteClone(tries=n), NoAnswer("dropped"), NOW) for n in range(1, MOST_TRIES + 1)]

    pauses = [verdict.fields["next_action_at"] - NOW for verdict in verdicts[:-1]]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(seconds=LONGEST_PAUSE_SECONDS)
    assert verdicts[-1].to == SiteStatus.FAILED
    assert f"{MOST_TRIES} times" in verdicts[-1].fields["error_message"]


def test_a_limit_counts_as_no_try_and_its_seconds_are_kept() -> None:
    verdict = on_answer(SiteClone(tries=MOST_TRIES), RateLimited(90), NOW)

    assert verdict.to == SiteStatus.WAITING
    assert verdict.fields["next_action_at"] >= NOW + timedelta(seconds=90)
    assert verdict.fields["tries"] == MOST_TRIES - 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CredentialsRefused("INVALID_API_TOKEN", "Wrong", 403), SiteStatus.NEEDS_PERSON),
        (NotFound("STORE_NOT_FOUND", "None", 404), SiteStatus.FAILED),
        (Refused("STORE_IS_SUSPENDED", "Suspended", 402), SiteStatus.FAILED),
    ],
)
def test_what_does_not_pass_keeps_ecwids_code(error: Refused, status: SiteStatus) -> None:
    verdict = on_answer(SiteClone(tries=1), error, NOW)

    assert (verdict.to, verdict.fields["error_code"], verdict.code) == (status, error.code, error.code)


@pytest.fixture
def connection(db: None, sandbox: SandboxProcess) -> Connection:
    connection = connect_to(sandbox)
    Connection.objects.update(site_url=sandbox.site_url)
    sandbox.add_store(1001)
    return connection


@pytest.fixture
def worker(connection: Connection) -> Driver:
    return Driver(SiteDesk)


def cloned(
    connection: Connection,
    sandbox: SandboxProcess,
    store_id: int = 9001,
    *,
    draft: bool = True,
    token: str | None = None,
) -> SiteClone:
    """Make a completed clone of 1001 into a store, whose site is due."""
    one = TEST_STORES_BY_ID.get(store_id)
    sandbox.add_spec(one.spec) if one else sandbox.add_store(store_id)
    template = TemplateStoreFactory.create(connection=connection, store_id="1001")
    secret = Secret.seal(store_token(store_id) if token is None else token)
    target = TargetStoreFactory.create(connection=connection, store_id=str(store_id), token=secret)
    batch = BatchFactory.create(template=template)
    job = CloneJobFactory.create(batch=batch, target=target, status=JobStatus.COMPLETED, finished_at=NOW)
    return SiteCloneFactory.create(job=job, draft=draft, next_action_at=NOW)


def another(batch: Batch, sandbox: SandboxProcess) -> SiteClone:
    """Make a completed clone into store 9002 of a batch, whose site is due."""
    sandbox.add_store(9002)
    secret = Secret.seal(store_token(9002))
    target = TargetStoreFactory.create(connection=batch.connection, store_id="9002", token=secret)
    job = CloneJobFactory.create(batch=batch, target=target, status=JobStatus.COMPLETED)
    return SiteCloneFactory.create(job=job, next_action_at=NOW)


def now_of(site: SiteClone) -> SiteClone:
    return SiteClone.objects.get(pk=site.pk)


def notes() -> str:
    return " ".join(CloneEvent.objects.values_list("note", flat=True))


@pytest.mark.parametrize("draft", [True, False])
def test_a_site_is_cloned_with_the_stores_token(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, *, draft: bool
) -> None:
    site = cloned(connection, sandbox, draft=draft)

    worker.go_round(NOW)

    assert (now_of(site).status, now_of(site).finished_at, now_of(site).lease_token) == (SiteStatus.DONE, NOW, "")
    found = sandbox.store(9001)["site"]
    assert (found["source"], found["draft"]) == (1001, draft)
    assert ("as a draft" in notes(), "published" in notes()) == (draft, not draft)


def test_cloning_is_written_before_it_is_sent(connection: Connection, sandbox: SandboxProcess, worker: Driver) -> None:
    site = cloned(connection, sandbox)

    worker.lease(NOW)

    assert (now_of(site).status, now_of(site).submitted_at, now_of(site).tries) == (SiteStatus.CLONING, NOW, 1)


@pytest.mark.parametrize(
    ("fault", "call"),
    [("drop_before", "site_clone"), ("drop_after", "site_clone"), ("http_500", "site_token"), ("html", "site_clone"),
     ("empty", "site_token"), ("rate_limit", "site_clone")],
)  # fmt: skip
def test_a_lost_answer_is_asked_for_again(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, fault: str, call: str
) -> None:
    site = cloned(connection, sandbox)
    sandbox.fault(fault, call=call)

    worker.go_round(NOW)
    assert now_of(site).status == SiteStatus.WAITING
    sandbox.clear_limits()
    worker.go_round(now_of(site).next_action_at or NOW)

    assert now_of(site).status == SiteStatus.DONE


def test_a_token_that_expired_is_fetched_once_more(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    site = cloned(connection, sandbox)
    sandbox.fault("error", call="site_clone", error_code="INVALID_API_TOKEN")

    worker.go_round(NOW)

    assert now_of(site).status == SiteStatus.DONE
    assert len(sandbox.requests(call="site_token")) == 2


@pytest.mark.parametrize("store_id", [9166, 9167], ids=["expired at once", "without the scope"])
def test_a_store_whose_token_opens_no_site_is_for_a_person(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, store_id: int
) -> None:
    site = cloned(connection, sandbox, store_id)

    worker.go_round(NOW)
    worker.go_round(NOW + PATIENCE)

    assert (now_of(site).status, now_of(site).next_action_at) == (SiteStatus.NEEDS_PERSON, None)
    assert "manage_instant_site" in now_of(site).error_message
    assert len(sandbox.requests(call="site_clone")) <= 2
    assert Connection.objects.get().block_reason == ""
    assert store_token(store_id) not in notes() + now_of(site).error_message


def test_after_many_refused_tokens_sites_wait_for_a_day_and_are_told_so_once(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    refused = {"used_at": NOW, "blocked_until": NOW, "block_reason": BlockReason.CREDENTIALS}
    StoreKey.objects.bulk_create(
        StoreKey(fingerprint=str(number), blocked_since=NOW, **refused) for number in range(299)
    )
    batch = cloned(connection, sandbox, 9166).job.batch
    worker.go_round(NOW)  # the three hundredth
    asked = len(sandbox.requests(call="site_token"))
    site = another(batch, sandbox)

    for hours in range(3):
        worker.go_round(NOW + timedelta(hours=hours))

    assert len(sandbox.requests(call="site_token")) == asked
    assert (now_of(site).status, now_of(site).lease_token) == (SiteStatus.WAITING, "")
    assert [event.note for event in site.job.events.all()] == [site_rules.TOO_MANY_REFUSED]
    worker.go_round(NOW + timedelta(days=1, hours=1))
    assert now_of(site).status == SiteStatus.DONE


def test_a_suspended_store_fails_with_its_code(connection: Connection, sandbox: SandboxProcess, worker: Driver) -> None:
    site = cloned(connection, sandbox)
    sandbox.add_store(9001, suspended=True)

    worker.go_round(NOW)

    assert (now_of(site).status, now_of(site).error_code) == (SiteStatus.FAILED, "STORE_IS_SUSPENDED")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda: TargetStore.objects.update(token=Secret()), site_rules.KEY_MISSING),
        (lambda: TargetStore.objects.update(token=Secret("garbage")), site_rules.UNREADABLE),
        (lambda: Connection.objects.update(site_url=""), site_rules.NO_ADDRESS),
        (lambda: Connection.objects.update(site_url="ftp://nowhere"), "The Instant Site waits:"),
    ],
    ids=["no token", "unreadable token", "no address", "useless address"],
)
def test_what_cannot_be_asked_for_is_for_a_person(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, spoil: object, sentence: str
) -> None:
    site = cloned(connection, sandbox)
    assert callable(spoil)
    spoil()

    worker.go_round(NOW)

    assert now_of(site).status == SiteStatus.NEEDS_PERSON
    assert now_of(site).error_message.startswith(sentence)
    assert sandbox.requests(call="site_token") == []


def test_one_that_cannot_be_asked_for_does_not_hold_up_another(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    stuck = cloned(connection, sandbox, token="")
    free = another(stuck.job.batch, sandbox)

    worker.go_round(NOW)

    assert (now_of(stuck).status, now_of(free).status) == (SiteStatus.NEEDS_PERSON, SiteStatus.DONE)


BLOCKED = {"blocked_until": NOW + PATIENCE, "blocked_since": NOW, "block_reason": BlockReason.CREDENTIALS}


@pytest.mark.parametrize("stopped", [{"paused_at": NOW}, BLOCKED], ids=["paused", "blocked"])
def test_nothing_is_sent_over_a_connection_that_is_stopped(
    connection: Connection, sandbox: SandboxProcess, worker: Driver, stopped: dict[str, object]
) -> None:
    cloned(connection, sandbox)
    Connection.objects.update(**stopped)

    assert worker.go_round(NOW) == []


def test_a_site_whose_clone_is_not_completed_is_not_due(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    site = cloned(connection, sandbox)
    CloneJob.objects.update(status=JobStatus.IN_PROGRESS, finished_at=None)

    assert worker.go_round(NOW) == []
    assert now_of(site).status == SiteStatus.WAITING


def test_what_a_dead_worker_left_is_asked_for_again(
    connection: Connection, sandbox: SandboxProcess, worker: Driver
) -> None:
    site = cloned(connection, sandbox)
    desk, ((leased, _),) = worker.lease(NOW)

    leases.give_back(desk, {leased.pk: leased.lease_token}, NOW)
    assert (now_of(site).status, now_of(site).next_action_at) == (SiteStatus.WAITING, NOW)
    worker.go_round(NOW)

    assert now_of(site).status == SiteStatus.DONE


def test_a_late_answer_changes_nothing(connection: Connection, sandbox: SandboxProcess, worker: Driver) -> None:
    site = cloned(connection, sandbox)
    desk, ((leased, call),) = worker.lease(NOW)
    leases.give_back(desk, {leased.pk: leased.lease_token}, NOW)

    leases.settle(desk, leased.pk, leased.lease_token, call(), NOW)

    assert now_of(site).status == SiteStatus.WAITING
