"""Storing secrets anew with the first key: whatever holds one, and whatever else is done at that moment."""

from collections.abc import Callable
from typing import Final

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from django.db.models import Model
from pytest_django import Settings

from clones.models import Connection, DraftTarget, TargetStore, TemplateStore
from clones.operations import reencrypting
from clones.operations.reencrypting import Column, columns, reencrypt, take_census
from clones.secrets import Secret
from tests.drafts import add_file, draft_with
from tests.factories import ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db

PLAIN = "secret_open_sesame"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BEGINNING: Final = "gAAAA"  # of all that Fernet encrypts


def draft_target() -> DraftTarget:
    user = staff()
    draft = draft_with(user, None)
    add_file(draft, user, f"store_id,access_token\n9001,{PLAIN}\n")
    return DraftTarget.objects.get()


# A table with a column of secrets has its line here.
MAKERS: dict[type[Model], Callable[[], Model]] = {
    Connection: lambda: ConnectionFactory.create(client_secret=Secret.seal(PLAIN)),
    TemplateStore: lambda: TemplateStoreFactory.create(token=Secret.seal(PLAIN), connection=Connection.objects.first()),
    TargetStore: lambda: TargetStoreFactory.create(token=Secret.seal(PLAIN), connection=Connection.objects.first()),
    DraftTarget: draft_target,
}


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]


def with_key(settings: Settings, key: str, make: Callable[[], Model]) -> Model:
    """Make a row while `key` is the only one."""
    before, settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS, [key]
    made = make()
    settings.ENCRYPTION_KEYS = before
    return made


def target_with(settings: Settings, key: str) -> TargetStore:
    made = with_key(settings, key, lambda: TargetStoreFactory.create(token=Secret.seal(PLAIN)))
    assert isinstance(made, TargetStore)
    return made


def token_of(target: TargetStore) -> Secret:
    token: Secret = TargetStore.objects.get(pk=target.pk).token
    return token


def all_ciphertexts() -> list[str]:
    """Return whatever looks encrypted in any column of any table, as the database has it."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table in apps.get_models(include_auto_created=True):
            cursor.execute(f"SELECT * FROM {table._meta.db_table}")
            found += [value for row in cursor.fetchall() for value in row if str(value).startswith(BEGINNING)]
    return found


TARGETS = Column(TargetStore, "token")


def test_every_secret_of_every_table_is_stored_anew(settings: Settings) -> None:
    for column in columns():
        with_key(settings, OLD, MAKERS[column.table])

    assert [reencrypt(column) for column in columns()] == [1] * len(MAKERS)

    settings.ENCRYPTION_KEYS = [NEW]
    stored = all_ciphertexts()
    assert [Secret(text).reveal() for text in stored] == [PLAIN] * len(MAKERS)


def test_what_needs_no_other_key_is_not_touched(settings: Settings) -> None:
    target = target_with(settings, NEW)
    before = token_of(target)

    assert reencrypt(TARGETS) == 0

    assert token_of(target) == before


def test_a_census_tells_by_which_key_and_passes_over_rows_without_a_secret(settings: Settings) -> None:
    target_with(settings, NEW)
    target_with(settings, OLD)
    lost = target_with(settings, Fernet.generate_key().decode())
    TargetStoreFactory.create()

    census = take_census(TARGETS)

    assert (census.current, census.older, census.unreadable) == (1, 1, [lost.pk])


def test_one_that_no_key_reads_stays_as_it_is_and_holds_up_no_other(settings: Settings) -> None:
    lost = target_with(settings, Fernet.generate_key().decode())
    before = token_of(lost)
    after = target_with(settings, OLD)

    assert reencrypt(TARGETS) == 1

    assert token_of(lost) == before
    assert token_of(after).is_current()


def test_it_goes_on_chunk_by_chunk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencrypting, "ROWS_AT_ONCE", 2)
    targets = [target_with(settings, OLD) for _ in range(5)]

    assert reencrypt(TARGETS) == 5

    assert all(token_of(target).is_current() for target in targets)


def test_a_secret_that_somebody_changes_meanwhile_is_not_undone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_with(settings, OLD)
    seal = Secret.sealed_anew

    def change_first(secret: Secret) -> Secret:
        TargetStore.objects.update(token=Secret.seal("another one"))
        return seal(secret)

    monkeypatch.setattr(Secret, "sealed_anew", change_first)

    assert reencrypt(TARGETS) == 0
    assert token_of(target).reveal() == "another one"


def test_what_is_done_stays_done_where_it_is_stopped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencrypting, "ROWS_AT_ONCE", 1)
    first, second = target_with(settings, OLD), target_with(settings, OLD)
    seal = Secret.sealed_anew

    def stop_at_the_second(secret: Secret) -> Secret:
        if secret == second.token:
            raise KeyboardInterrupt
        return seal(secret)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(Secret, "sealed_anew", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            reencrypt(TARGETS)

    assert (token_of(first).is_current(), token_of(second).is_current()) == (True, False)
    assert reencrypt(TARGETS) == 1
