"""Keeping target stores."""

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from clones.choices import ACTIVE, TERMINAL, JobStatus
from clones.models import CloneJob, Connection, TargetStore
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Order, start_batch
from clones.operations.stores import (
    StoreFacts,
    archive_target,
    change_target,
    delete_target,
    import_targets,
    restore_target,
)
from tests.factories import ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.operations.refusals import field_of
from tests.operations.stores import clone_into, ids_of
from tests.together import at_once

pytestmark = pytest.mark.django_db

SECRET = "secret_opens-everything"
HOUSEHOLD = StoreFacts("Household")


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory.create()


def test_many_targets_are_made_in_the_order_asked_for(connection: Connection) -> None:
    imported = import_targets(connection, ["9003", " 9001", "9003", "10002"])

    assert ids_of(imported.made) == ["9003", "9001", "10002"]
    assert (imported.restored, imported.known) == ([], [])
    assert set(TargetStore.objects.values_list("connection", "store_id")) == {
        (connection.pk, store_id) for store_id in ("9003", "9001", "10002")
    }


def test_known_targets_stay_and_archived_ones_come_back(connection: Connection) -> None:
    TargetStoreFactory.create(connection=connection, store_id="9001", label="Tea")
    TargetStoreFactory.create(connection=connection, store_id="9002", label="Rum", archived_at=timezone.now())

    imported = import_targets(connection, ["9003", "9002", "9001"])

    found = ids_of(imported.made), ids_of(imported.restored), ids_of(imported.known)
    assert found == (["9003"], ["9002"], ["9001"])
    rows = TargetStore.objects.order_by("store_id").values_list("label", "archived_at")
    assert list(rows) == [("Tea", None), ("Rum", None), ("", None)]


def test_one_new_target_gets_its_label_and_token(connection: Connection) -> None:
    (target,) = import_targets(connection, ["9001"], " Tea ", f" {SECRET} ").made

    row = TargetStore.objects.get()
    assert (target.label, row.label, row.token.reveal()) == ("Tea", "Tea", SECRET)


def test_a_target_that_comes_back_keeps_the_label_that_is_not_given_anew(connection: Connection) -> None:
    TargetStoreFactory.create(connection=connection, store_id="9001", label="Tea", archived_at=timezone.now())

    import_targets(connection, ["9001"], token=SECRET)

    row = TargetStore.objects.get()
    assert (row.label, row.token.reveal(), row.archived_at) == ("Tea", SECRET, None)


def test_a_known_target_is_not_given_another_token_by_an_import(connection: Connection) -> None:
    TargetStoreFactory.create(connection=connection, store_id="9001")

    assert field_of(lambda: import_targets(connection, ["9001"], token=SECRET)) == "store_ids"

    assert not TargetStore.objects.get().token


@pytest.mark.parametrize(
    ("store_ids", "label", "token", "field"),
    [
        (["9001", "9002x"], "", "", "store_ids"),
        ([], "", "", "store_ids"),
        (["9001", "1003"], "", "", "store_ids"),
        (["9001", "9002"], "Tea", "", "label"),
        (["9001", "9002"], "", SECRET, "token"),
        (["9001"], "Two\nlines", "", "label"),
        (["9001"], "l" * 201, "", "label"),
        (["9001"], "", "tökén", "token"),
    ],
)
def test_an_import_that_is_wrong_in_one_place_makes_nothing_and_names_the_field(
    connection: Connection, store_ids: list[str], label: str, token: str, field: str
) -> None:
    TemplateStoreFactory.create(connection=connection, store_id="1003")

    assert field_of(lambda: import_targets(connection, store_ids, label, token)) == field

    assert not TargetStore.objects.exists()


def test_an_archived_template_is_no_target_either(connection: Connection) -> None:
    TemplateStoreFactory.create(connection=connection, store_id="1003", archived_at=timezone.now())

    with pytest.raises(InvalidRequestError, match="a template store is never a target"):
        import_targets(connection, ["1003"])


def test_an_import_of_many_takes_as_many_queries_as_one_of_few(
    connection: Connection, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        import_targets(connection, [str(9001 + number) for number in range(400)])

    assert TargetStore.objects.count() == 400


@pytest.mark.parametrize(
    ("token", "stored"), [(None, SECRET), ("", ""), ("secret_another", "secret_another")], ids=["keep", "remove", "set"]
)
def test_a_target_gets_another_label_and_its_token_is_kept_removed_or_set(
    connection: Connection, token: str | None, stored: str
) -> None:
    (target,) = import_targets(connection, ["9001"], "Tea", SECRET).made

    change_target(target, StoreFacts("", token))

    row = TargetStore.objects.get()
    assert (row.label, row.token.reveal()) == ("", stored)


@pytest.mark.parametrize("status", ACTIVE)
def test_a_target_with_an_active_clone_is_not_archived(connection: Connection, status: JobStatus) -> None:
    target = TargetStoreFactory.create(connection=connection)
    job = clone_into(target, status)

    with pytest.raises(InvalidRequestError, match=f"Clone {job.pk} .* has not ended"):
        archive_target(target)

    assert TargetStore.objects.get().archived_at is None


@pytest.mark.parametrize("status", TERMINAL)
def test_a_target_whose_clones_have_ended_is_archived_and_restored(connection: Connection, status: JobStatus) -> None:
    target = TargetStoreFactory.create(connection=connection)
    clone_into(target, status)

    archived = archive_target(target)
    assert TargetStore.objects.get().archived_at == archived.archived_at is not None

    restore_target(archived)
    assert TargetStore.objects.get().archived_at is None


def test_a_launch_takes_an_archived_target_back_into_use(connection: Connection) -> None:
    for store_id in ("9001", "9002"):
        TargetStoreFactory.create(connection=connection, store_id=store_id, archived_at=timezone.now())
    template = TemplateStoreFactory.create(connection=connection, store_id="1003")

    launch = start_batch(Order(template, ["9001"]))

    assert len(launch.jobs) == 1
    archived = TargetStore.objects.order_by("store_id").values_list("archived_at", flat=True)
    assert [at is None for at in archived] == [True, False]


def test_a_target_that_was_never_cloned_into_is_deleted(connection: Connection) -> None:
    delete_target(TargetStoreFactory.create(connection=connection))

    assert not TargetStore.objects.exists()


def test_a_target_with_history_is_not_deleted(connection: Connection) -> None:
    target = TargetStoreFactory.create(connection=connection)
    clone_into(target)

    with pytest.raises(InvalidRequestError, match="archive it instead"):
        delete_target(target)

    assert TargetStore.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_launch_and_an_archiving_at_one_instant_leave_no_archived_target_with_a_clone(connection: Connection) -> None:
    template = TemplateStoreFactory.create(connection=connection, store_id="1003")
    for number in range(20):
        target = TargetStoreFactory.create(connection=connection, store_id=str(9001 + number))
        order = Order(template, [target.store_id])

        at_once(partial(archive_target, target), partial(start_batch, order))

    assert CloneJob.objects.active().count() == 20
    assert not TargetStore.objects.exclude(archived_at=None).exists()
