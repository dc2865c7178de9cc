"""`save_connection`, which the command calls; making, changing, pausing: `test_connection_changes`."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django import Settings

from clones.choices import BlockReason
from clones.engine import budget
from clones.models import Connection
from clones.operations.connections import ConnectionFacts, save_connection
from clones.operations.errors import InvalidRequestError

pytestmark = pytest.mark.django_db

SECRET = "sesame-opens-everything"
FACTS = ConnectionFacts(
    name="Main", api_url="https://app.ecwid.com/api/v3", client_id="app-1", client_secret=SECRET, rate_limit=500
)


def saved(facts: ConnectionFacts) -> Connection:
    return Connection.objects.get(pk=save_connection(facts)[0].pk)


def blocked(reason: BlockReason, facts: ConnectionFacts = FACTS) -> Connection:
    now = timezone.now()
    connection, _ = save_connection(facts)
    connection.blocked_since, connection.blocked_until = now, now + timedelta(hours=1)
    connection.block_reason, connection.block_message = reason, "Application does not exist."
    connection.save()
    return connection


def columns(connection: Connection) -> dict[str, object]:
    """Return the row with its secret in plain: sealing the same secret again gives another ciphertext."""
    row = Connection.objects.get(pk=connection.pk)
    values = {column.attname: getattr(row, column.attname) for column in Connection._meta.concrete_fields}
    return {**values, "client_secret": row.client_secret.reveal()}


def test_a_new_connection_is_stored_whole() -> None:
    connection, made = save_connection(replace(FACTS, site_url="https://vuega.ecwid.com/api/v1"))

    row = Connection.objects.get(pk=connection.pk)
    assert made
    assert (row.name, row.api_url, row.site_url) == ("Main", FACTS.api_url, "https://vuega.ecwid.com/api/v1")
    assert (row.client_id, row.client_secret.reveal(), row.rate_limit) == ("app-1", SECRET, 500)
    assert not row.is_sandbox


def test_saying_the_same_again_changes_nothing() -> None:
    before = columns(saved(FACTS))

    _, made = save_connection(FACTS)

    assert not made
    assert columns(Connection.objects.get()) == before


def test_spaces_around_name_and_client_id_do_not_matter() -> None:
    save_connection(FACTS)

    _, made = save_connection(replace(FACTS, name=" Main ", client_id=" app-1\n", api_url=f" {FACTS.api_url}/ "))

    assert not made
    assert Connection.objects.get().client_id == "app-1"


def test_a_line_end_that_came_along_with_the_secret_is_dropped() -> None:
    assert saved(replace(FACTS, client_secret=f"{SECRET}\n")).client_secret.reveal() == SECRET


@pytest.mark.parametrize("secret", ["se\nsame", "sésame", "se\x00same", "•••••"], ids=ascii)
def test_a_secret_that_no_header_can_carry_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(InvalidRequestError, match="copy it from Ecwid") as raised:
        save_connection(replace(FACTS, client_secret=secret))

    assert secret not in str(raised.value)


def test_a_connection_of_that_name_is_changed() -> None:
    save_connection(FACTS)

    row = saved(replace(FACTS, client_id="app-2", client_secret="another", rate_limit=60))

    assert Connection.objects.count() == 1
    assert (row.client_id, row.client_secret.reveal(), row.rate_limit) == ("app-2", "another", 60)


@pytest.mark.parametrize(
    "again",
    [
        FACTS,
        replace(FACTS, client_secret="another"),
        replace(FACTS, client_id="app-2"),
        replace(FACTS, api_url="https://other.ecwid.com/api/v3"),
    ],
    ids=["the same", "secret", "client id", "address"],
)
def test_a_refused_key_that_is_stored_again_is_tried_with_one_request(again: ConnectionFacts) -> None:
    connection = blocked(BlockReason.CREDENTIALS)

    save_connection(again)

    connection.refresh_from_db()
    assert connection.standstill(timezone.now()) == ""
    assert budget.open_slots(connection, timezone.now()) == 1


@pytest.mark.parametrize("again", [FACTS, replace(FACTS, client_secret="another")], ids=["the same", "another"])
def test_no_key_ends_a_rate_limit(again: ConnectionFacts) -> None:
    connection = blocked(BlockReason.RATE_LIMITED)

    save_connection(again)

    connection.refresh_from_db()
    assert connection.is_blocked(timezone.now())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8100/api/v3", "http://localhost:8100/api/v3", "https://127.0.0.1/api/v3", "http://[::1]/"]
)
def test_a_sandbox_on_this_machine_is_labelled_so(url: str) -> None:
    assert saved(replace(FACTS, api_url=url)).is_sandbox


def test_a_sandbox_that_becomes_ecwid_loses_its_label() -> None:
    save_connection(replace(FACTS, api_url="http://127.0.0.1:8100/api/v3"))

    assert not saved(FACTS).is_sandbox


UNFIT_ADDRESSES = [
    "http://app.ecwid.com/api/v3",
    "https://10.0.0.1/api/v3",
    "https://192.168.1.5/api/v3",
    "https://172.16.0.1/api/v3",
    "https://169.254.169.254/latest",
    "https://[fd00::1]/api/v3",
    "https://0.0.0.0/api/v3",
    "https://2130706433/api/v3",
    "http://192.168.1.5:8100/api/v3",
    "ftp://app.ecwid.com/api/v3",
    "https://user:password@app.ecwid.com/api/v3",
    "https://app.ecwid.com/api/v3?x=1",
    "app.ecwid.com",
    "https://",
    "",
]


@pytest.mark.parametrize("url", UNFIT_ADDRESSES)
def test_an_address_that_is_unfit_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="address"):
        save_connection(replace(FACTS, api_url=url))

    assert not Connection.objects.exists()


@pytest.mark.parametrize("url", [url for url in UNFIT_ADDRESSES if url])
def test_an_unfit_address_of_the_site_api_is_refused_too(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="address"):
        save_connection(replace(FACTS, site_url=url))

    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(FACTS, name=" "), "needs a name"),
        (replace(FACTS, client_id=" "), "a client ID"),
        (replace(FACTS, client_secret=""), "a client secret"),
        (replace(FACTS, client_secret=" "), "a client secret"),
        (replace(FACTS, rate_limit=0), "from 1"),
        (replace(FACTS, rate_limit=-600), "from 1"),
    ],
    ids=["name", "client id", "secret", "blank secret", "no requests", "negative"],
)
def test_what_is_missing_is_said_and_nothing_is_stored(wrong: ConnectionFacts, sentence: str) -> None:
    with pytest.raises(InvalidRequestError, match=sentence):
        save_connection(wrong)

    assert not Connection.objects.exists()


def test_a_wrong_change_leaves_the_connection_as_it_was() -> None:
    before = columns(saved(FACTS))

    with pytest.raises(InvalidRequestError):
        save_connection(replace(FACTS, client_secret="another", site_url="http://vuega.ecwid.com"))

    assert columns(Connection.objects.get()) == before


@pytest.mark.parametrize(
    "wrong",
    [
        replace(FACTS, name="n" * 101),
        replace(FACTS, client_id="c" * 201),
        replace(FACTS, api_url=f"https://app.ecwid.com/{'p' * 300}"),
        replace(FACTS, rate_limit=2**31),
        replace(FACTS, name="Ma\x00in"),
    ],
    ids=["name", "client id", "address", "rate limit", "NUL"],
)
def test_what_no_column_takes_is_refused_in_a_sentence(wrong: ConnectionFacts) -> None:
    with pytest.raises(InvalidRequestError):
        save_connection(wrong)


def test_a_secret_that_cannot_be_decrypted_any_more_is_replaced(settings: Settings) -> None:
    save_connection(FACTS)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert saved(FACTS).client_secret.reveal() == SECRET


def test_facts_do_not_show_the_secret() -> None:
    assert SECRET not in f"{FACTS!r} {FACTS}"


def test_the_secret_is_in_no_log_line(caplog: pytest.LogCaptureFixture, settings: Settings) -> None:
    settings.DEBUG = True  # logs every statement with its values
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django.db.backends")

    save_connection(FACTS)
    save_connection(replace(FACTS, rate_limit=60))

    assert "app-1" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [replace(FACTS, api_url="http://app.ecwid.com"), replace(FACTS, name=""), replace(FACTS, rate_limit=0)],
    ids=["address", "name", "rate limit"],
)
def test_the_secret_is_in_no_exception(wrong: ConnectionFacts) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        save_connection(wrong)

    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
