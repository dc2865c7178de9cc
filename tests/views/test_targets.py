import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones.choices import JobStatus
from clones.models import TargetStore
from clones.operations.cells import LONGEST_TOKEN
from clones.secrets import Secret
from tests.factories import BatchFactory, CloneJobFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.views.pages import text

pytestmark = pytest.mark.django_db

TOKEN = "secret_opensesame"
LIST = reverse("clones:target_list")
NEW = reverse("clones:target_new")


def page_of(store: TargetStore, name: str = "detail") -> str:
    return reverse(f"clones:target_{name}", args=[store.pk])


def ids(client: Client, query: str = "") -> list[str]:
    table = client.get(f"{LIST}?{query}").context["table"]
    return [row.record.store_id for row in table.paginated_rows]


def test_the_newest_come_first_and_archived_ones_have_a_tab(as_staff: Client) -> None:
    for store_id in ("9001", "9002"):
        TargetStoreFactory.create(store_id=store_id)
    TargetStoreFactory.create(store_id="9003", archived_at=timezone.now())

    assert ids(as_staff) == ["9002", "9001"]
    assert ids(as_staff, "archived=1") == ["9003"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=90", ["9002", "9001"]), ("q=01", []), ("q=ook", ["9002"]), ("q=BAKERY", ["9001"])],
    ids=["beginning of an ID", "end of an ID", "inside a label", "other case"],
)
def test_a_search_looks_at_the_beginning_of_an_id_or_inside_a_label(
    as_staff: Client, query: str, found: list[str]
) -> None:
    TargetStoreFactory.create(store_id="9001", label="Corner Bakery")
    TargetStoreFactory.create(store_id="9002", label="Blue Door Books")

    assert ids(as_staff, query) == found


@pytest.mark.parametrize("typed", ["anna@example.com", "ANNA@", "na@ex"])
def test_a_store_that_is_to_be_created_is_found_by_its_email(as_staff: Client, typed: str) -> None:
    store = TargetStoreFactory.create(store_id="", email="anna@example.com")
    TargetStoreFactory.create(store_id="9001", email="kim@example.com")

    listed = as_staff.get("/targets/", {"q": typed}).context["listed"].stores

    assert list(listed) == [store]


def test_ids_are_sorted_as_numbers(as_staff: Client) -> None:
    for store_id in ("10", "9", "100"):
        TargetStoreFactory.create(store_id=store_id)

    assert ids(as_staff, "sort=store") == ["9", "10", "100"]
    assert ids(as_staff, "sort=-store") == ["100", "10", "9"]


def test_each_row_has_its_latest_clone(as_staff: Client) -> None:
    store = TargetStoreFactory.create()
    other = TargetStoreFactory.create(connection=store.connection)
    batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=store.connection, name="Fashion"))
    CloneJobFactory.create(batch=batch, target=store, status=JobStatus.FAILED)
    latest = CloneJobFactory.create(batch=batch, target=store, status=JobStatus.COMPLETED)

    answer = as_staff.get(LIST)

    shown = {row.record.pk: row.record.last_job for row in answer.context["table"].paginated_rows}
    assert shown == {store.pk: latest, other.pk: None}
    content = answer.content.decode()
    assert reverse("clones:job_detail", args=[latest.pk]) in content
    assert "Never cloned into" in content


def test_the_latest_clone_can_be_sorted_by_and_none_comes_last(as_staff: Client) -> None:
    never, early, late = (TargetStoreFactory.create() for _ in range(3))
    for store in (early, late):
        CloneJobFactory.create(batch=BatchFactory.create(), connection=store.connection, target=store)

    assert ids(as_staff, "sort=-last_job") == [late.store_id, early.store_id, never.store_id]
    assert ids(as_staff, "sort=last_job") == [early.store_id, late.store_id, never.store_id]


def test_a_page_has_the_rows_that_are_asked_for(as_staff: Client) -> None:
    TargetStoreFactory.create_batch(30)

    table = as_staff.get(f"{LIST}?per_page=25&page=2").context["table"]

    assert len(list(table.paginated_rows)) == 5
    assert table.paginator.count == 30


@pytest.mark.parametrize("query", ["", "archived=1", "q=nothing"])
def test_an_empty_list_says_why(as_staff: Client, query: str) -> None:
    assert 'class="empty-subtitle' in text(as_staff, f"{LIST}?{query}")


@pytest.mark.parametrize("label", ["<b>Bold</b>", "متجر النور", "=SUM(A1)", "🛷" * 50, "x" * 200], ids=ascii)
def test_whatever_a_customer_is_called_is_only_text(as_staff: Client, label: str) -> None:
    store = TargetStoreFactory.create(label=label)

    for address in (LIST, page_of(store)):
        content = text(as_staff, address)
        assert "<b>Bold" not in content
        assert f"<bdi>{label.replace('<', '&lt;').replace('>', '&gt;')}</bdi>" in content


def test_a_store_without_an_id_yet_has_a_page(as_staff: Client) -> None:
    store = TargetStoreFactory.create(store_id="", label="To come")

    content = text(as_staff, page_of(store))
    assert "without an ID yet" in content
    assert "Not created, and no clone waits for it" in content
    assert f"{reverse('clones:job_new')}?targets" not in content

    CloneJobFactory.create(batch=BatchFactory.create(), connection=store.connection, target=store)
    assert "Not created yet: " in text(as_staff, page_of(store))


def test_the_page_lists_every_clone_that_touched_the_store(as_staff: Client) -> None:
    store = TargetStoreFactory.create()
    CloneJobFactory.create(target=TargetStoreFactory.create(), batch=BatchFactory.create())
    for _ in range(3):
        batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=store.connection))
        CloneJobFactory.create(batch=batch, target=store, status=JobStatus.COMPLETED)

    answer = as_staff.get(page_of(store))

    listed = [row.record.pk for row in answer.context["table"].paginated_rows]
    assert listed == list(store.jobs.order_by("-pk").values_list("pk", flat=True))
    for pk in listed:
        assert f'<a href="{reverse("clones:job_detail", args=[pk])}">Clone {pk}</a>' in answer.content.decode()


def test_a_free_store_can_be_cloned_into_and_a_busy_one_names_what_holds_it(as_staff: Client) -> None:
    store = TargetStoreFactory.create(store_id="9001")
    launch = f"{reverse('clones:job_new')}?targets=9001"
    content = text(as_staff, page_of(store))
    assert launch in content
    assert "Free: no clone" in content

    job = CloneJobFactory.create(batch=BatchFactory.create(), connection=store.connection, target=store)

    content = text(as_staff, page_of(store))
    assert launch not in content
    assert f'href="{reverse("clones:job_detail", args=[job.pk])}">clone {job.pk}</a>' in content


def test_staff_see_no_button_that_changes_a_target(as_staff: Client) -> None:
    store = TargetStoreFactory.create()

    content = text(as_staff, page_of(store)) + text(as_staff, LIST)

    for name in ("edit", "archive", "restore", "delete"):
        assert page_of(store, name) not in content
    assert NEW not in content


@pytest.mark.parametrize("name", ["list", "detail"])
def test_more_rows_cost_no_more_queries(
    as_staff: Client, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ConnectionFactory.create()  # of two, each row names its own
    store = TargetStoreFactory.create()
    batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=store.connection))
    CloneJobFactory.create(batch=batch, target=store, status=JobStatus.COMPLETED)
    address = LIST if name == "list" else page_of(store)
    as_staff.get(address)  # the session and what is read once
    with django_assert_max_num_queries(20) as few:
        as_staff.get(address)

    for target in [*TargetStoreFactory.create_batch(20, connection=store.connection), *[store] * 20]:
        batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=store.connection))
        CloneJobFactory.create(batch=batch, target=target, status=JobStatus.COMPLETED)

    with django_assert_max_num_queries(len(few)):
        as_staff.get(address)


def test_one_store_is_added_with_its_label_and_token(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    answer = as_admin.post(
        NEW, {"connection": connection.pk, "store_ids": "9001", "label": "Bakery", "token": TOKEN}, follow=True
    )

    store = TargetStore.objects.get()
    assert answer.redirect_chain == [(page_of(store), 302)]
    assert (store.store_id, store.label, store.token.reveal()) == ("9001", "Bakery", TOKEN)
    assert "A token is set" in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_many_stores_are_added_at_once_however_they_are_set_apart(as_admin: Client) -> None:
    connection = ConnectionFactory.create()
    TargetStoreFactory.create(connection=connection, store_id="9001")
    TargetStoreFactory.create(connection=connection, store_id="9002", archived_at=timezone.now())

    answer = as_admin.post(
        NEW, {"connection": connection.pk, "store_ids": "9001\r\n9002\t9003, 9004;9005 9003"}, follow=True
    )

    assert answer.redirect_chain == [(LIST, 302)]
    assert set(TargetStore.objects.filter(archived_at=None).values_list("store_id", flat=True)) == {
        "9001", "9002", "9003", "9004", "9005",
    }  # fmt: skip
    said = "3 stores added, 1 store taken back out of the archive, 1 store already there and left as before."
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"store_ids": "9001 90x2"}, "store_ids", "is not a store ID"),
        ({"store_ids": "9,305"}, "store_ids", "has signs between its thousands"),
        ({"store_ids": "Store ID;Label\n9001;Anna"}, "store_ids", "Only store IDs are read here"),
        ({"store_ids": "Store ID;Label\n9001;Anna\n9002x;Bert"}, "store_ids", "Only store IDs are read here"),
        ({"store_ids": " , "}, "store_ids", "at least one store ID"),
        ({"store_ids": "9001 9002", "label": "Bakery"}, "label", "belongs to one store"),
        ({"store_ids": "9001 9002", "token": TOKEN}, "token", "belongs to one store"),
        ({"store_ids": "9001", "token": "x" * (LONGEST_TOKEN + 1)}, "token", f"at most {LONGEST_TOKEN} characters"),
        ({"store_ids": "9001", "connection": "77"}, "connection", "valid choice"),
    ],
    ids=[
        "no ID",
        "thousands",
        "a table",
        "a table with mistakes",
        "no IDs",
        "label of many",
        "token of many",
        "token too long",
        "no such connection",
    ],
)
def test_a_mistake_stands_at_its_field_and_nothing_is_added(
    as_admin: Client, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = as_admin.post(NEW, {"connection": str(ConnectionFactory.create().pk), **typed})

    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert list(answer.context["form"].errors) == [field]
    assert not TargetStore.objects.exists()


def test_what_was_typed_is_kept_but_the_token(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    answer = as_admin.post(
        NEW, {"connection": connection.pk, "store_ids": "9001\n90x2", "label": "Bakery", "token": TOKEN}
    )

    content = answer.content.decode()
    assert "9001\n90x2</textarea>" in content
    assert 'value="Bakery"' in content
    assert TOKEN not in content


def test_a_template_is_never_a_target(as_admin: Client) -> None:
    template = TemplateStoreFactory.create(store_id="1001")

    answer = as_admin.post(NEW, {"connection": template.connection_id, "store_ids": "1001"})

    assert "a template store is never a target" in answer.context["form"].errors["store_ids"][0]
    assert not TargetStore.objects.exists()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [({}, TOKEN), ({"token": "secret_another"}, "secret_another"), ({"remove_token": "on"}, "")],
    ids=["kept", "replaced", "removed"],
)
def test_label_and_token_are_changed(as_admin: Client, typed: dict[str, str], stored: str) -> None:
    store = TargetStoreFactory.create(label="Bakery", token=Secret.seal(TOKEN))

    as_admin.post(page_of(store, "edit"), {"label": "Books", **typed})

    store.refresh_from_db()
    assert (store.label, store.token.reveal()) == ("Books", stored)


def test_a_label_that_is_no_line_of_text_is_refused_at_its_field(as_admin: Client) -> None:
    store = TargetStoreFactory.create(label="Bakery")

    answer = as_admin.post(page_of(store, "edit"), {"label": "Two\u2028lines"})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["label"]


def test_a_target_is_archived_and_taken_back(as_admin: Client) -> None:
    store = TargetStoreFactory.create()

    as_admin.post(page_of(store, "archive"))
    store.refresh_from_db()
    assert store.archived_at is not None

    as_admin.post(page_of(store, "restore"))
    store.refresh_from_db()
    assert store.archived_at is None


def test_a_busy_target_is_not_archived_and_the_page_says_why(as_admin: Client) -> None:
    store = TargetStoreFactory.create()
    CloneJobFactory.create(batch=BatchFactory.create(), connection=store.connection, target=store)
    assert page_of(store, "archive") not in text(as_admin, page_of(store))

    answer = as_admin.post(page_of(store, "archive"), follow=True)

    store.refresh_from_db()
    assert store.archived_at is None
    assert "has not ended" in answer.content.decode()


def test_a_target_that_became_a_template_stays_archived(as_admin: Client) -> None:
    store = TargetStoreFactory.create(archived_at=timezone.now())
    TemplateStoreFactory.create(connection=store.connection, store_id=store.store_id)

    answer = as_admin.post(page_of(store, "restore"), follow=True)

    store.refresh_from_db()
    assert store.archived_at is not None
    assert "a template store is never a target" in answer.content.decode()


def test_a_target_that_was_never_cloned_into_is_deleted(as_admin: Client) -> None:
    store = TargetStoreFactory.create()
    assert page_of(store, "delete") in text(as_admin, page_of(store))

    answer = as_admin.post(page_of(store, "delete"), follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert not TargetStore.objects.exists()


def test_a_target_with_history_is_not_deleted(as_admin: Client) -> None:
    store = TargetStoreFactory.create()
    CloneJobFactory.create(
        batch=BatchFactory.create(), connection=store.connection, target=store, status=JobStatus.FAILED
    )
    assert page_of(store, "delete") not in text(as_admin, page_of(store))

    answer = as_admin.post(page_of(store, "delete"), follow=True)

    assert TargetStore.objects.exists()
    assert "archive it instead" in answer.content.decode()


@pytest.mark.parametrize("name", ["archive", "restore", "delete"])
def test_a_get_changes_nothing(as_admin: Client, name: str) -> None:
    assert as_admin.get(page_of(TargetStoreFactory.create(), name)).status_code == 405


@pytest.mark.parametrize("name", ["edit", "archive", "restore", "delete"])
def test_staff_may_not_change_a_target(as_staff: Client, name: str) -> None:
    store = TargetStoreFactory.create(label="Bakery")

    answer = as_staff.post(page_of(store, name), {"label": "Mine"})

    assert answer.status_code == 403
    store.refresh_from_db()
    assert (store.label, store.archived_at) == ("Bakery", None)
