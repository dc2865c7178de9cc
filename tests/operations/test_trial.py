"""The "Test" of a connection, against the sandbox over HTTP, and against servers that are no Ecwid."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from clones.choices import BlockReason
from clones.engine import budget
from clones.models import Connection, Counted, Counter
from clones.operations import trial
from clones.operations.connections import pause
from clones.operations.trial import NOBODYS_EMAIL, Trial, try_connection
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.ecwid.servers import LocalServer, Respond, answering, answering_and_closing, plain
from tests.factories import ConnectionFactory
from tests.operations.conftest import bells
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

WRONG_SECRET = "sesame-opens-nothing"


@pytest.fixture
def connection(sandbox: SandboxProcess) -> Connection:
    return connect_to(sandbox)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def row_of(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def with_wrong_key(connection: Connection) -> Connection:
    connection.client_secret = Secret.seal(WRONG_SECRET)
    connection.save()
    return connection


def stop(connection: Connection, reason: BlockReason, now: datetime, message: str = "Refused.") -> None:
    """Stop it a minute before `now`, for an hour."""
    before = now - timedelta(minutes=1)
    budget.stop_traffic(connection, reason, now + timedelta(hours=1), before, message)


def asked(sandbox: SandboxProcess) -> int:
    return len(sandbox.requests(call="store_lookup"))


def tried_at(respond: Respond, now: datetime, path: str = "/api/v3") -> tuple[Trial, Connection, list[bytes]]:
    """Test a connection to a server that answers so; return also the connection as it is then, and the requests."""
    with LocalServer(respond) as server:
        connection = ConnectionFactory.create(api_url=server.url + path)
        return try_connection(connection, now), row_of(connection), server.requests


def test_a_key_that_works_is_told_with_the_address_and_the_time_it_took(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    times = iter([100.0, 101.5, 102.0, 102.0, 102.0, 102.0])

    trial = try_connection(connection, now, lambda: next(times, 102.0))

    assert (trial.ok, trial.headline) == (True, "Ecwid accepts the key of connection Sandbox.")
    assert ("Address", sandbox.api_url) in trial.facts
    assert trial.took_seconds == 2
    assert asked(sandbox) == 1


def test_the_address_that_is_looked_up_is_reserved_for_examples() -> None:
    assert NOBODYS_EMAIL.endswith("@example.com")


def test_a_store_that_has_the_reserved_address_proves_the_key_too(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    sandbox.add_store(7, owner_email=NOBODYS_EMAIL)

    assert try_connection(connection, now).ok


def test_a_test_costs_one_request_of_the_budget(connection: Connection, now: datetime) -> None:
    before = budget.open_slots(row_of(connection), now)

    try_connection(connection, now)

    assert budget.open_slots(row_of(connection), now) == before - 1


def test_a_test_is_counted_for_the_monitor(connection: Connection, now: datetime) -> None:
    try_connection(connection, now)
    try_connection(with_wrong_key(connection), now)

    counted = Counter.objects.filter(name=Counted.REQUESTS, call="test").values_list("part", "value")
    assert dict(counted) == {"ok": 1, "key_refused": 1}


def test_nothing_is_sent_where_the_budget_is_overdrawn(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    Connection.objects.update(bucket_level=-1980.0, bucket_at=now)

    trial = try_connection(connection, now)

    assert not trial.ok
    assert "Test again in 10 s" in trial.headline
    assert asked(sandbox) == 0


def test_workers_at_full_speed_do_not_keep_a_person_from_testing(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    Connection.objects.update(bucket_level=-1000.0, bucket_at=now)  # a fifth of its 6,000 may be overdrawn

    assert try_connection(connection, now).ok


def test_a_refused_key_stops_the_connection_and_is_not_shown(connection: Connection, now: datetime) -> None:
    trial = try_connection(with_wrong_key(connection), now)

    row = row_of(connection)
    assert not trial.ok
    assert "Application does not exist" in trial.headline
    assert "client secret" in trial.headline
    assert (row.block_reason, row.is_blocked(timezone.now())) == (BlockReason.CREDENTIALS, True)
    assert "AUTH_APP_DOESNT_EXIST" in row.block_message
    assert WRONG_SECRET not in f"{trial!r} {row.block_message}"


def test_a_refused_key_stops_the_connection_although_the_test_cannot_be_counted(
    connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(trial, "count_test", fail)

    with pytest.raises(OperationalError):
        try_connection(with_wrong_key(connection), now)

    assert row_of(connection).is_blocked(timezone.now())


def test_a_key_that_is_still_refused_keeps_since_when(connection: Connection, now: datetime) -> None:
    stop(with_wrong_key(connection), BlockReason.CREDENTIALS, now)
    since = row_of(connection).blocked_since

    trial = try_connection(connection, now)

    row = row_of(connection)
    assert (trial.ok, row.blocked_since, row.is_blocked(timezone.now())) == (False, since, True)


def test_a_key_that_works_again_sets_the_connection_free_and_rings(
    connection: Connection, queue: str, now: datetime
) -> None:
    stop(connection, BlockReason.CREDENTIALS, now)

    trial = try_connection(connection, now)

    row = row_of(connection)
    assert trial.ok
    assert "it goes on now" in trial.headline
    assert (row.block_reason, row.blocked_since, row.blocked_until, row.block_message) == ("", None, None, "")
    assert bells(queue) == 1


def test_after_a_missing_scope_one_clone_may_try(connection: Connection, now: datetime) -> None:
    stop(connection, BlockReason.CREDENTIALS, now, "Ecwid refused: no clones for you (INSUFFICIENT_APP_SCOPE).")

    assert try_connection(connection, now).ok

    row = row_of(connection)
    assert (row.block_reason, budget.open_slots(row, now)) == (BlockReason.CREDENTIALS, 1)


def test_a_rate_limit_stops_the_connection_for_as_long_as_it_says(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    sandbox.fault("rate_limit", call="store_lookup", retry_after="30")

    trial = try_connection(connection, now)

    row = row_of(connection)
    assert not trial.ok
    assert "30 s" in trial.headline
    assert row.block_reason == BlockReason.RATE_LIMITED
    assert row.blocked_until is not None
    assert row.blocked_until >= now + timedelta(seconds=30)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_during_a_rate_limit_nothing_is_sent_and_its_end_is_told_in_the_persons_zone(
    connection: Connection, sandbox: SandboxProcess, now: datetime, zone: str
) -> None:
    stop(connection, BlockReason.RATE_LIMITED, now)

    with timezone.override(zone):
        trial = try_connection(connection, now)

    assert not trial.ok
    assert f"{(now + timedelta(hours=1)).astimezone(ZoneInfo(zone)):%H:%M:%S %Z}" in trial.headline
    assert asked(sandbox) == 0


def test_a_rate_limit_that_is_over_is_no_obstacle(connection: Connection, now: datetime) -> None:
    stop(connection, BlockReason.RATE_LIMITED, now - timedelta(hours=2))

    assert try_connection(connection, now).ok

    assert row_of(connection).block_reason == ""


def test_a_rate_limit_beside_a_refused_key_is_heeded_too(
    connection: Connection, sandbox: SandboxProcess, now: datetime
) -> None:
    stop(connection, BlockReason.CREDENTIALS, now)
    sandbox.fault("rate_limit", call="store_lookup", retry_after="30")
    try_connection(connection, now)
    sandbox.clear_faults()

    within = try_connection(connection, now + timedelta(seconds=29))
    asked_within = asked(sandbox)
    after = try_connection(connection, now + timedelta(minutes=2))

    assert (within.ok, asked_within) == (False, 1)
    assert "nothing was sent" in within.headline
    assert (after.ok, asked(sandbox)) == (True, 2)


def test_a_paused_connection_is_tested_and_stays_paused(connection: Connection, now: datetime) -> None:
    pause(connection)
    paused_at = row_of(connection).paused_at

    with timezone.override("Asia/Tokyo"):
        trial = try_connection(connection, now)

    assert trial.ok
    assert paused_at
    assert f"is paused since {paused_at + timedelta(hours=9):%Y-%m-%d %H:%M} JST:" in dict(trial.facts)["State"]
    assert row_of(connection).paused_at is not None


def test_an_ecwid_that_cannot_be_reached_is_said_and_stops_nothing(now: datetime) -> None:
    with LocalServer(answering(plain(b"{}"))) as server:
        connection = ConnectionFactory.create(api_url=f"{server.url}/api/v3")

    trial = try_connection(connection, now)

    assert not trial.ok
    assert "could not be reached" in trial.headline
    assert row_of(connection).block_reason == ""


@pytest.mark.parametrize(
    "respond",
    [
        pytest.param(answering(plain(b"<h1>Bad gateway</h1>", "502 Bad Gateway")), id="a gateway's page"),
        pytest.param(answering_and_closing(b""), id="a dropped connection"),
        pytest.param(answering(plain(b"")), id="an empty answer"),
    ],
)
def test_an_answer_that_cannot_be_used_is_said_and_a_refused_key_tried_again_soon(
    respond: Respond, now: datetime
) -> None:
    with LocalServer(respond) as server:
        connection = ConnectionFactory.create(api_url=f"{server.url}/api/v3")
        stop(connection, BlockReason.CREDENTIALS, now)

        trial = try_connection(connection, now)

    row = row_of(connection)
    assert not trial.ok
    assert "No usable answer" in trial.headline
    assert row.block_reason == BlockReason.CREDENTIALS
    assert row.blocked_until is not None
    assert row.blocked_until < timezone.now() + timedelta(minutes=1)


def test_a_server_that_is_no_ecwid_proves_no_key(now: datetime) -> None:
    trial, _, requests = tried_at(answering(plain(b"<h1>Not found</h1>", "404 Not Found")), now, path="/blog")

    assert not trial.ok
    assert "ends in /api/v3" in trial.headline
    assert len(requests) == 1


def test_a_scope_that_only_the_test_lacks_stops_no_clones(now: datetime) -> None:
    refusal = b'{"errorCode": "INSUFFICIENT_APP_SCOPE", "errorMessage": "No read_stores"}'

    trial, row, _ = tried_at(answering(plain(refusal, "403 Forbidden")), now)

    assert not trial.ok
    assert "read_stores" in trial.headline
    assert row.block_reason == ""


def test_a_secret_that_cannot_be_decrypted_is_said_and_nothing_is_sent(
    connection: Connection, sandbox: SandboxProcess, now: datetime, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    trial = try_connection(connection, now)

    assert not trial.ok
    assert "store the secret again" in trial.headline
    assert asked(sandbox) == 0


def test_a_server_that_repeats_the_secret_does_not_get_it_shown(
    now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    said = b'{"errorCode": "AUTH_APP_DOESNT_EXIST", "errorMessage": "No application with the key client-secret"}'

    trial, row, requests = tried_at(answering(plain(said, "403 Forbidden")), now)

    assert b"client-secret" in requests[0]
    assert "client-secret" not in f"{trial!r} {row.block_message} {caplog.text}"
    assert CLIENT_SECRET not in repr(trial)
