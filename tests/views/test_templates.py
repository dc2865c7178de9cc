from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones.choices import CloneScope, JobStatus
from clones.models import TemplateStore
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.factories import BatchFactory, CloneJobFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import admin, staff
from tests.sandbox_process import SandboxProcess, store_token
from tests.views.pages import text

pytestmark = pytest.mark.django_db

TOKEN = "secret_opensesame"
LIST = reverse("clones:template_list")
NEW = reverse("clones:template_new")
HTMX = {"HX-Request": "true"}


def page_of(store: TemplateStore, name: str = "detail") -> str:
    return reverse(f"clones:template_{name}", args=[store.pk])


def names(client: Client, query: str = "") -> list[str]:
    table = client.get(f"{LIST}?{query}").context["table"]
    return [row.record.name for row in table.paginated_rows]


def completed(store: TemplateStore, seconds: int, scope: CloneScope = CloneScope.ALL) -> None:
    now = timezone.now()
    CloneJobFactory.create(
        batch=BatchFactory.create(template=store, scope=scope),
        status=JobStatus.COMPLETED,
        accepted_at=now - timedelta(seconds=seconds),
        finished_at=now,
    )


def test_the_list_has_those_in_use_and_a_tab_for_the_archived_ones(as_staff: Client) -> None:
    TemplateStoreFactory.create(name="Fashion")
    TemplateStoreFactory.create(name="Old fashion", archived_at=timezone.now())

    assert names(as_staff) == ["Fashion"]
    assert names(as_staff, "archived=1") == ["Old fashion"]
    listed = as_staff.get(LIST).context["listed"]
    assert (listed.in_use, listed.archived) == (1, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=10", ["Coffee", "Fashion"]), ("q=02", []), ("q=OFF", ["Coffee"]), ("q=%20fash%20", ["Fashion"]), ("q=%00", 2)],
    ids=["beginning of an ID", "inside an ID", "part of a name", "spaces", "NUL"],
)
def test_a_search_looks_at_the_beginning_of_an_id_or_inside_a_name(
    as_staff: Client, query: str, found: list[str] | int
) -> None:
    TemplateStoreFactory.create(name="Fashion", store_id="1001")
    TemplateStoreFactory.create(name="Coffee", store_id="1002")

    assert names(as_staff, query) == found or len(names(as_staff, query)) == found


def test_the_counts_of_the_tabs_are_those_of_the_search(as_staff: Client) -> None:
    TemplateStoreFactory.create(name="Fashion")
    TemplateStoreFactory.create(name="Old fashion", archived_at=timezone.now())
    TemplateStoreFactory.create(name="Coffee")

    listed = as_staff.get(f"{LIST}?q=fashion").context["listed"]

    assert (listed.in_use, listed.archived) == (1, 1)


def test_the_list_counts_completed_clones_and_sorts_by_them(as_staff: Client) -> None:
    often, once = TemplateStoreFactory.create(name="Often"), TemplateStoreFactory.create(name="Once")
    TemplateStoreFactory.create(name="Never")
    for store in (often, often, once):
        completed(store, 60)
    CloneJobFactory.create(batch=BatchFactory.create(template=once), status=JobStatus.FAILED)

    assert names(as_staff, "sort=-made") == ["Often", "Once", "Never"]
    rows = as_staff.get(LIST).context["table"].paginated_rows
    assert {row.record.name: row.record.made for row in rows} == {"Often": 2, "Once": 1, "Never": 0}


def test_what_the_store_said_itself_goes_before_what_the_last_clone_copied(as_staff: Client) -> None:
    store = TemplateStoreFactory.create(product_count=111, category_count=0)
    assert "111" in text(as_staff, LIST)

    TemplateStore.objects.update(tested_product_count=222, tested_at=timezone.now())

    assert "222" in text(as_staff, LIST)
    assert "222" in text(as_staff, page_of(store))


def test_a_zero_is_a_count_and_no_count_is_a_dash(as_staff: Client) -> None:
    TemplateStoreFactory.create(product_count=0)

    content = text(as_staff, LIST)

    assert content.count(">—<") == 3  # categories, tested, last cloned


@pytest.mark.parametrize("query", ["", "archived=1", "q=nothing"])
def test_an_empty_list_says_why(as_staff: Client, query: str) -> None:
    assert 'class="empty-subtitle' in text(as_staff, f"{LIST}?{query}")


def test_an_admin_is_shown_how_to_begin_and_staff_are_not_sent_to_a_closed_door(client: Client) -> None:
    client.force_login(staff())
    assert NEW not in text(client, LIST)

    client.force_login(admin())
    assert NEW in text(client, LIST)


def test_a_hostile_name_is_only_text(as_staff: Client) -> None:
    store = TemplateStoreFactory.create(name="<b>Bold</b>" + "x" * 180)

    for address in (LIST, page_of(store)):
        content = text(as_staff, address)
        assert "<b>Bold" not in content
        assert "&lt;b&gt;Bold" in content


def test_staff_see_a_template_and_none_of_the_buttons_that_change_it(as_staff: Client) -> None:
    store = TemplateStoreFactory.create()

    content = text(as_staff, page_of(store))

    for name in ("edit", "test", "archive", "restore", "delete"):
        assert page_of(store, name) not in content
    assert reverse("clones:connection_detail", args=[store.connection_id]) not in content
    assert f"{reverse('clones:job_new')}?template={store.pk}" in content


def test_an_admin_sees_the_buttons(as_admin: Client) -> None:
    store = TemplateStoreFactory.create()

    content = text(as_admin, page_of(store))

    for name in ("edit", "test", "archive", "delete"):
        assert page_of(store, name) in content
    assert page_of(store, "restore") not in content


def test_nobody_is_invited_to_clone_or_delete_what_cannot_be(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(archived_at=timezone.now())
    completed(store, 60)

    content = text(as_admin, page_of(store))

    assert f"?template={store.pk}" not in content.replace(f"{reverse('clones:job_list')}?template={store.pk}", "")
    assert page_of(store, "delete") not in content
    assert page_of(store, "restore") in content


def test_the_page_tells_what_was_made_from_it(as_staff: Client) -> None:
    store, other = TemplateStoreFactory.create(), TemplateStoreFactory.create()
    completed(other, 60)
    for status in (JobStatus.COMPLETED, JobStatus.COMPLETED, JobStatus.FAILED):
        CloneJobFactory.create(batch=BatchFactory.create(template=store), status=status)

    answer = as_staff.get(page_of(store))

    rows = [row.record.pk for row in answer.context["table"].paginated_rows]
    assert rows == list(store.jobs.order_by("-pk").values_list("pk", flat=True))
    assert {(each.status, each.count) for each in answer.context["totals"]} == {
        (JobStatus.COMPLETED, 2),
        (JobStatus.FAILED, 1),
    }
    failed = f"{reverse('clones:job_list')}?template={store.pk}&amp;status={JobStatus.FAILED.value}"
    assert failed in answer.content.decode()


def test_the_clones_of_a_template_come_by_the_page(as_staff: Client) -> None:
    store = TemplateStoreFactory.create()
    batch = BatchFactory.create(template=store)
    CloneJobFactory.create_batch(30, batch=batch)

    table = as_staff.get(f"{page_of(store)}?per_page=25&page=2").context["table"]

    assert len(list(table.paginated_rows)) == 5
    assert table.paginator.count == 30


def test_it_says_how_long_clones_of_each_scope_take(as_staff: Client) -> None:
    store = TemplateStoreFactory.create()
    for seconds in range(1, 101):
        completed(store, seconds)
    completed(store, 7, CloneScope.STORE_SETTINGS)

    every, settings_only = as_staff.get(page_of(store)).context["durations"]

    assert (every.scope, every.count, settings_only.scope) == (CloneScope.ALL, 100, CloneScope.STORE_SETTINGS)
    assert every.half_seconds == pytest.approx(50.5)
    assert every.most_seconds == pytest.approx(95)
    assert (settings_only.half_seconds, settings_only.most_seconds) == (pytest.approx(7), pytest.approx(7))


def test_clones_that_did_not_complete_say_nothing_about_how_long_one_takes(as_staff: Client) -> None:
    store = TemplateStoreFactory.create()
    CloneJobFactory.create(batch=BatchFactory.create(template=store), status=JobStatus.FAILED)

    answer = as_staff.get(page_of(store))

    assert answer.context["durations"] == []
    assert "1 to 15 minutes" in answer.content.decode()


@pytest.mark.parametrize("name", ["list", "detail"])
def test_more_rows_cost_no_more_queries(
    as_staff: Client, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    store = TemplateStoreFactory.create()
    address = LIST if name == "list" else page_of(store)
    as_staff.get(address)  # the session and what is read once
    with django_assert_max_num_queries(20) as few:
        as_staff.get(address)

    for each in TemplateStoreFactory.create_batch(20):
        CloneJobFactory.create(batch=BatchFactory.create(template=each))
    CloneJobFactory.create_batch(20, batch=BatchFactory.create(template=store))

    # A page of clones is read in two queries, an empty one in the first; the worker's banner asks what waits.
    with django_assert_max_num_queries(len(few) + 2):
        as_staff.get(address)


def test_an_admin_adds_a_template(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    answer = as_admin.post(
        NEW, {"connection": connection.pk, "store_id": " 1003 ", "name": "Household", "token": TOKEN}, follow=True
    )

    store = TemplateStore.objects.get()
    assert answer.redirect_chain == [(page_of(store), 302)]
    assert (store.connection, store.store_id, store.name) == (connection, "1003", "Household")
    assert store.token.reveal() == TOKEN
    content = answer.content.decode()
    assert "A token is set" in content
    assert TOKEN not in content


def test_the_only_connection_is_chosen_already(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    assert f'<option value="{connection.pk}" selected>' in text(as_admin, NEW)


def test_of_two_connections_none_is_chosen_unless_the_address_names_it(as_admin: Client) -> None:
    first, _ = ConnectionFactory.create(), ConnectionFactory.create()

    assert " selected>Choose one" in text(as_admin, NEW)
    assert f'<option value="{first.pk}" selected>' in text(as_admin, f"{NEW}?connection={first.pk}")


def test_without_a_connection_the_page_says_to_make_one_first(as_admin: Client) -> None:
    content = text(as_admin, NEW)

    assert reverse("clones:connection_new") in content
    assert 'name="store_id"' not in content


def test_a_mistake_stands_at_its_field_and_what_was_typed_is_kept_but_the_token(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    answer = as_admin.post(
        NEW, {"connection": connection.pk, "store_id": "10x3", "name": "Household & Co", "token": TOKEN}
    )

    assert answer.status_code == 422
    assert "is not a store ID" in answer.context["form"].errors["store_id"][0]
    content = answer.content.decode()
    assert 'value="10x3"' in content
    assert 'value="Household &amp; Co"' in content
    assert TOKEN not in content
    assert not TemplateStore.objects.exists()


def test_a_store_that_is_a_template_already_is_named_with_the_way_to_it(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(store_id="1003", name="Household", archived_at=timezone.now())

    answer = as_admin.post(NEW, {"connection": store.connection_id, "store_id": "1003", "name": "Again"})

    assert answer.status_code == 422
    assert "archived template store already" in answer.context["form"].errors["store_id"][0]
    assert page_of(store) in answer.content.decode()


def test_a_template_is_renamed_and_keeps_its_token(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(token=Secret.seal(TOKEN))

    as_admin.post(page_of(store, "edit"), {"name": "Home", "token": ""})

    store.refresh_from_db()
    assert (store.name, store.token.reveal()) == ("Home", TOKEN)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [({"token": "secret_another"}, "secret_another"), ({"remove_token": "on"}, "")],
    ids=["replaced", "removed"],
)
def test_a_token_is_replaced_or_removed(as_admin: Client, typed: dict[str, str], stored: str) -> None:
    store = TemplateStoreFactory.create(name="Home", token=Secret.seal(TOKEN))

    as_admin.post(page_of(store, "edit"), {"name": "Home", **typed})

    store.refresh_from_db()
    assert store.token.reveal() == stored


def test_a_token_cannot_be_replaced_and_removed_at_once(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(token=Secret.seal(TOKEN))

    answer = as_admin.post(page_of(store, "edit"), {"name": "Home", "token": "secret_another", "remove_token": "on"})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["remove_token"]
    store.refresh_from_db()
    assert store.token.reveal() == TOKEN


def test_the_form_shows_that_a_token_is_set_and_never_the_token(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(token=Secret.seal(TOKEN))

    content = text(as_admin, page_of(store, "edit"))

    assert "A token is set" in content
    assert TOKEN not in content
    assert store.token.ciphertext not in content
    assert 'autocomplete="new-password"' in content


def test_there_is_nothing_to_forget_where_no_token_is_set(as_admin: Client) -> None:
    content = text(as_admin, page_of(TemplateStoreFactory.create(), "edit"))

    assert "No token is set" in content
    assert "remove_token" not in content


def test_a_template_without_a_name_is_refused(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(name="Fashion")

    answer = as_admin.post(page_of(store, "edit"), {"name": " "})

    assert answer.status_code == 422
    store.refresh_from_db()
    assert store.name == "Fashion"


def test_a_template_is_archived_and_taken_back(as_admin: Client) -> None:
    store = TemplateStoreFactory.create()

    as_admin.post(page_of(store, "archive"))
    store.refresh_from_db()
    assert store.archived_at is not None

    as_admin.post(page_of(store, "restore"))
    store.refresh_from_db()
    assert store.archived_at is None


def test_a_template_that_became_a_target_stays_archived_and_the_page_says_why(as_admin: Client) -> None:
    store = TemplateStoreFactory.create(archived_at=timezone.now())
    TargetStoreFactory.create(connection=store.connection, store_id=store.store_id)

    answer = as_admin.post(page_of(store, "restore"), follow=True)

    store.refresh_from_db()
    assert store.archived_at is not None
    assert "is a target store" in answer.content.decode()


def test_a_template_that_nothing_hangs_on_is_deleted(as_admin: Client) -> None:
    store = TemplateStoreFactory.create()

    answer = as_admin.post(page_of(store, "delete"), follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert not TemplateStore.objects.exists()


def test_a_template_with_history_is_not_deleted(as_admin: Client) -> None:
    store = TemplateStoreFactory.create()
    completed(store, 60)

    answer = as_admin.post(page_of(store, "delete"), follow=True)

    assert TemplateStore.objects.filter(pk=store.pk).exists()
    assert "archive it instead" in answer.content.decode()


@pytest.mark.parametrize("name", ["archive", "restore", "delete", "test"])
def test_a_get_changes_nothing(as_admin: Client, name: str) -> None:
    store = TemplateStoreFactory.create()

    assert as_admin.get(page_of(store, name)).status_code == 405


@pytest.mark.parametrize("name", ["edit", "archive", "restore", "delete", "test"])
def test_staff_may_not_change_a_template(as_staff: Client, name: str) -> None:
    store = TemplateStoreFactory.create()

    answer = as_staff.post(page_of(store, name), {"name": "Mine"})

    assert answer.status_code == 403
    before = (store.name, store.archived_at)
    store.refresh_from_db()
    assert (store.name, store.archived_at) == before


@pytest.fixture
def shop_at_sandbox(transactional_db: None, sandbox: SandboxProcess) -> Callable[..., TemplateStore]:
    """Return a function that makes a template of 30 products, at the portal and at the sandbox."""
    sandbox.add_store(1001, products=30, categories=4, name="Corner shop")

    def make(token: str) -> TemplateStore:
        return TemplateStoreFactory.create(connection=connect_to(sandbox), store_id="1001", token=Secret.seal(token))

    return make


def test_a_test_shows_what_the_store_says_in_place(
    shop_at_sandbox: Callable[..., TemplateStore], client: Client
) -> None:
    store = shop_at_sandbox(store_token(1001))
    client.force_login(admin())

    answer = client.post(page_of(store, "test"), headers=HTMX)

    content = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in content
    assert answer.context["result"].ok
    assert 'id="test-result"' in content
    assert 'id="template-facts" class="facts" hx-swap-oob="true"' in content
    assert "Corner shop" in content
    assert store_token(1001) not in content
    store.refresh_from_db()
    assert (store.tested_product_count, store.tested_category_count) == (30, 4)


def test_without_javascript_a_test_leads_back_to_the_page(
    shop_at_sandbox: Callable[..., TemplateStore], client: Client
) -> None:
    store = shop_at_sandbox(store_token(1001))
    client.force_login(admin())

    answer = client.post(page_of(store, "test"), follow=True)

    assert answer.redirect_chain == [(page_of(store), 302)]
    content = answer.content.decode()
    assert "Store 1001 answers" in content
    assert "Products: 30" in content


def test_a_wrong_token_is_said_in_a_sentence_without_the_token(
    shop_at_sandbox: Callable[..., TemplateStore], client: Client
) -> None:
    store = shop_at_sandbox("secret_wrong_one")
    client.force_login(admin())

    answer = client.post(page_of(store, "test"), headers=HTMX)

    assert not answer.context["result"].ok
    content = answer.content.decode()
    assert "Set a new token of store 1001" in content
    assert "secret_wrong_one" not in content
