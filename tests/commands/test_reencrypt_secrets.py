"""`manage.py reencrypt_secrets`: what it says, and whether an older key may be thrown away."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from clones.management.commands.reencrypt_secrets import NEEDED_ANEW, NOT_NEEDED, STILL_NEEDED, UNREADABLE
from clones.models import Connection
from clones.secrets import Secret
from tests.commands.running import run, snapshot
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLAIN = "open sesame"


@pytest.fixture
def stored(settings: Settings) -> Connection:
    """A secret that was stored with the old key, before the new one came in front."""
    settings.ENCRYPTION_KEYS = [OLD]
    made: Connection = ConnectionFactory.create(client_secret=Secret.seal(PLAIN))
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return made


def secret_of(row: Connection) -> Secret:
    secret: Secret = Connection.objects.get(pk=row.pk).client_secret
    return secret


def test_afterwards_the_new_key_alone_is_enough(stored: Connection, settings: Settings) -> None:
    before = snapshot()

    ended = run("reencrypt_secrets")

    assert (ended.code, ended.err) == (0, "")
    assert "connections: 1 stored anew\n" in ended.out
    assert "connections: 1 with the first key, 0 with older ones\n" in ended.out
    assert ended.out.endswith(f"{NOT_NEEDED}\n")
    settings.ENCRYPTION_KEYS = [NEW]
    assert snapshot() == before


def test_a_check_changes_nothing_and_says_whether_an_older_key_is_needed(stored: Connection) -> None:
    before = secret_of(stored)

    needed = run("reencrypt_secrets", "--check")

    assert (needed.code, needed.err) == (1, STILL_NEEDED)
    assert "connections: 0 with the first key, 1 with older ones\n" in needed.out
    assert secret_of(stored) == before

    run("reencrypt_secrets")
    assert run("reencrypt_secrets", "--check").code == 0


def test_rows_that_no_key_reads_are_named_without_a_word_of_what_is_in_them(
    stored: Connection, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [NEW]

    ended = run("reencrypt_secrets")

    assert (ended.code, ended.err) == (1, UNREADABLE)
    assert f"connections: 0 with the first key, 0 with older ones, 1 unreadable (rows {stored.pk})\n" in ended.out
    said = ended.out + ended.err
    assert not any(part in said for part in (PLAIN, secret_of(stored).ciphertext, NEW, OLD))


def test_what_a_process_with_old_settings_stores_meanwhile_is_noticed(
    stored: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = Secret.sealed_anew

    def be_late(secret: Secret) -> Secret:
        other = Secret(Fernet(OLD).encrypt(b"another one").decode())
        Connection.objects.filter(pk=stored.pk).update(client_secret=other)
        return seal(secret)

    monkeypatch.setattr(Secret, "sealed_anew", be_late)

    ended = run("reencrypt_secrets")

    assert (ended.code, ended.err) == (1, NEEDED_ANEW)
