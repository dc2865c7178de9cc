import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.db import connection
from pytest_django import Settings

from clones.models import Connection
from clones.secrets import Secret, SecretUnreadableError
from tests.factories import ConnectionFactory


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret.seal("open sesame")

    assert "sesame" not in f"{secret} {secret!r} {secret.ciphertext}"
    assert secret.reveal() == "open sesame"


def test_no_secret_is_an_empty_one() -> None:
    assert not Secret.seal("")
    assert Secret.seal("").reveal() == ""


def test_the_first_key_encrypts_and_all_decrypt(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    before = Secret.seal("open sesame")

    settings.ENCRYPTION_KEYS = [new, old]
    after = Secret.seal("open sesame")

    assert before.reveal() == "open sesame"
    settings.ENCRYPTION_KEYS = [new]
    assert after.reveal() == "open sesame"


def test_a_missing_key_is_said_in_a_sentence(settings: Settings) -> None:
    secret = Secret.seal("open sesame")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(SecretUnreadableError, match="ENCRYPTION_KEYS"):
        secret.reveal()


@pytest.mark.django_db
def test_the_database_holds_ciphertext() -> None:
    row = ConnectionFactory.create(client_secret=Secret.seal("open sesame"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM clones_connection WHERE id = %s", [row.pk])
        stored = cursor.fetchone()[0]

    assert "sesame" not in stored
    assert Connection.objects.get(pk=row.pk).client_secret.reveal() == "open sesame"


@pytest.mark.django_db
def test_a_plain_text_is_not_stored_by_mistake() -> None:
    row = ConnectionFactory.create()

    with pytest.raises(TypeError, match=r"Secret\.seal"):
        Connection.objects.filter(pk=row.pk).update(client_secret="open sesame")


@pytest.mark.django_db
def test_a_dump_holds_ciphertext_and_can_be_read_back() -> None:
    row = ConnectionFactory.create(client_secret=Secret.seal("open sesame"))

    dump = serializers.serialize("json", [row])
    (loaded,) = serializers.deserialize("json", dump)

    assert "sesame" not in dump
    assert isinstance(loaded.object, Connection)
    assert loaded.object.client_secret.reveal() == "open sesame"
