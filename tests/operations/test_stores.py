"""Keeping template stores, and what is no template; target stores: `test_target_stores`."""

from dataclasses import replace

import pytest
from django.utils import timezone

from clones.models import Connection, TargetStore, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Order, start_batch
from clones.operations.stores import (
    StoreFacts,
    TemplateExistsError,
    archive_target,
    archive_template,
    change_template,
    delete_template,
    import_targets,
    make_template,
    restore_target,
    restore_template,
    save_template,
)
from tests.factories import BatchFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.operations.refusals import field_of
from tests.operations.stores import clone_into, ids_of

pytestmark = pytest.mark.django_db

SECRET = "secret_opens-everything"
HOUSEHOLD = StoreFacts("Household")


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory.create()


def test_a_template_store_is_stored() -> None:
    template, made = save_template(ConnectionFactory.create(), " 1003 ", " Household ", SECRET)

    assert made
    assert (template.store_id, template.name) == ("1003", "Household")
    assert TemplateStore.objects.get().token.reveal() == SECRET


def test_the_same_template_store_again_changes_nothing() -> None:
    connection = ConnectionFactory.create()
    save_template(connection, "1003", "Household", SECRET)
    before = TemplateStore.objects.values("pk", "store_id", "name", "archived_at").get()

    _, made = save_template(connection, "1003", "Household")

    assert not made
    assert TemplateStore.objects.values("pk", "store_id", "name", "archived_at").get() == before


def test_a_template_store_is_renamed_and_keeps_its_token() -> None:
    connection = ConnectionFactory.create()
    save_template(connection, "1003", "Household", SECRET)

    save_template(connection, "1003", "Home")

    row = TemplateStore.objects.get()
    assert (row.name, row.token.reveal()) == ("Home", SECRET)


def test_a_template_store_gets_a_new_token() -> None:
    connection = ConnectionFactory.create()
    save_template(connection, "1003", "Household", SECRET)

    save_template(connection, "1003", "Household", "secret_another")

    assert TemplateStore.objects.get().token.reveal() == "secret_another"


def test_an_archived_template_store_is_taken_back_into_use() -> None:
    connection = ConnectionFactory.create()
    save_template(connection, "1003", "Household")
    TemplateStore.objects.update(archived_at=timezone.now())

    save_template(connection, "1003", "Household")

    assert TemplateStore.objects.get().archived_at is None


def test_two_connections_may_have_the_same_template_store() -> None:
    save_template(ConnectionFactory.create(), "1003", "Household")

    _, made = save_template(ConnectionFactory.create(), "1003", "Household")

    assert made


@pytest.mark.parametrize(
    ("store_id", "name"), [("1003", " "), ("1003x", "Household"), ("01003", "Household"), ("", "Household")]
)
def test_a_template_store_without_a_name_or_a_proper_id_is_refused(store_id: str, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        save_template(ConnectionFactory.create(), store_id, name)

    assert not TemplateStore.objects.exists()


def test_a_template_name_that_no_column_takes_is_refused_in_a_sentence() -> None:
    with pytest.raises(InvalidRequestError):
        save_template(ConnectionFactory.create(), "1003", "n" * 201)


def test_a_template_store_is_made(connection: Connection) -> None:
    made = make_template(connection, " 1003 ", StoreFacts(" Household ", f" {SECRET}\n"))

    row = TemplateStore.objects.get()
    assert row == made
    assert (row.store_id, row.name, row.token.reveal(), row.archived_at) == ("1003", "Household", SECRET, None)


def test_a_template_that_is_there_is_named_and_left_alone(connection: Connection) -> None:
    there = TemplateStoreFactory.create(connection=connection, store_id="1003", name="Shoes")

    with pytest.raises(TemplateExistsError, match="1003 is a template store already, “Shoes”") as raised:
        make_template(connection, "1003", HOUSEHOLD)

    assert (raised.value.template, raised.value.field) == (there, "store_id")
    assert TemplateStore.objects.get().name == "Shoes"


def test_an_archived_template_that_is_there_is_offered_and_stays_archived(connection: Connection) -> None:
    there = TemplateStoreFactory.create(connection=connection, store_id="1003", archived_at=timezone.now())

    with pytest.raises(TemplateExistsError, match="take that one back into use") as raised:
        make_template(connection, "1003", HOUSEHOLD)

    assert raised.value.template.archived_at is not None
    assert TemplateStore.objects.get() == there


@pytest.mark.parametrize(
    ("token", "stored"), [(None, SECRET), ("", ""), ("secret_another", "secret_another")], ids=["keep", "remove", "set"]
)
def test_a_template_is_renamed_and_its_token_kept_removed_or_set(
    connection: Connection, token: str | None, stored: str
) -> None:
    template = make_template(connection, "1003", StoreFacts("Household", SECRET))

    change_template(template, StoreFacts("Home", token))

    row = TemplateStore.objects.get()
    assert (row.name, row.token.reveal()) == ("Home", stored)


def test_a_refused_change_leaves_the_template_as_it_was(connection: Connection) -> None:
    template = make_template(connection, "1003", StoreFacts("Household", SECRET))

    assert field_of(lambda: change_template(template, StoreFacts("Home", "tökén"))) == "token"

    row = TemplateStore.objects.get()
    assert (template.name, row.name, row.token.reveal()) == ("Household", "Household", SECRET)


@pytest.mark.parametrize(
    ("store_id", "facts", "field"),
    [
        ("1003x", HOUSEHOLD, "store_id"),
        ("1003", StoreFacts(" "), "name"),
        ("1003", StoreFacts("Two\nlines"), "name"),
        ("1003", StoreFacts("n" * 201), "name"),
        ("1003", replace(HOUSEHOLD, token="secret\x00"), "token"),
    ],
)
def test_a_mistake_in_a_template_names_its_field(
    connection: Connection, store_id: str, facts: StoreFacts, field: str
) -> None:
    assert field_of(lambda: make_template(connection, store_id, facts)) == field


def test_the_token_is_in_no_repr_and_no_refusal(connection: Connection) -> None:
    facts = StoreFacts("Household", f"{SECRET}é")

    with pytest.raises(InvalidRequestError) as raised:
        make_template(connection, "1003", facts)

    assert SECRET not in f"{facts!r} {raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"


def test_an_archived_template_is_launched_no_more_until_it_is_restored(connection: Connection) -> None:
    template = make_template(connection, "1003", HOUSEHOLD)

    archived = archive_template(template)
    with pytest.raises(InvalidRequestError, match="archived"):
        start_batch(Order(archived, ["9001"]))
    restored = restore_template(TemplateStore.objects.get())

    assert start_batch(Order(restored, ["9001"])).batch is not None


def test_archiving_twice_keeps_the_first_time(connection: Connection) -> None:
    template, target = make_template(connection, "1003", HOUSEHOLD), TargetStoreFactory.create(connection=connection)

    firsts = archive_template(template).archived_at, archive_target(target).archived_at

    archive_template(TemplateStore.objects.get())
    archive_target(TargetStore.objects.get())
    assert (TemplateStore.objects.get().archived_at, TargetStore.objects.get().archived_at) == firsts
    assert None not in firsts


def test_a_template_that_nothing_was_made_from_is_deleted(connection: Connection) -> None:
    delete_template(make_template(connection, "1003", HOUSEHOLD))

    assert not TemplateStore.objects.exists()


def test_a_template_with_history_is_not_deleted(connection: Connection) -> None:
    batch = BatchFactory.create(template__connection=connection)

    with pytest.raises(InvalidRequestError, match="archive it instead"):
        delete_template(batch.template)

    assert TemplateStore.objects.exists()


def test_a_target_is_no_template_on_any_connection_to_the_same_ecwid(connection: Connection) -> None:
    other = ConnectionFactory.create(api_url=connection.api_url)
    TargetStoreFactory.create(connection=other, store_id="9001")

    with pytest.raises(InvalidRequestError, match="archive that target first") as raised:
        make_template(connection, "9001", HOUSEHOLD)

    assert raised.value.field == "store_id"
    assert not TemplateStore.objects.exists()


def test_the_command_makes_no_template_of_a_target_either(connection: Connection) -> None:
    TargetStoreFactory.create(connection=connection, store_id="9001")

    with pytest.raises(InvalidRequestError, match="archive that target first"):
        save_template(connection, "9001", "Household")

    assert not TemplateStore.objects.exists()


def test_a_store_elsewhere_with_the_same_id_is_another_store(connection: Connection) -> None:
    elsewhere = ConnectionFactory.create(api_url="https://elsewhere.example.com/api/v3")
    TargetStoreFactory.create(connection=elsewhere, store_id="9001")

    make_template(connection, "9001", HOUSEHOLD)
    make_template(elsewhere, "1003", HOUSEHOLD)

    assert ids_of(import_targets(connection, ["1003"]).made) == ["1003"]


def test_a_target_that_was_archived_may_become_a_template_and_is_a_target_no_more(connection: Connection) -> None:
    target = TargetStoreFactory.create(connection=connection, store_id="9001")
    clone_into(target)
    archived = archive_target(target)

    make_template(connection, "9001", HOUSEHOLD)

    with pytest.raises(InvalidRequestError, match="a template store is never a target"):
        restore_target(archived)
    assert TargetStore.objects.get().archived_at is not None


def test_an_archived_template_whose_store_is_a_target_stays_archived(connection: Connection) -> None:
    template = TemplateStoreFactory.create(connection=connection, store_id="9001", archived_at=timezone.now())
    TargetStoreFactory.create(connection=connection, store_id="9001")

    with pytest.raises(InvalidRequestError, match="archive that target first"):
        restore_template(template)

    assert TemplateStore.objects.get().archived_at is not None
