from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clones.choices import BlockReason
from clones.models import Connection
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.factories import BatchFactory, CloneJobFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import admin, staff
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess
from tests.views.pages import text

pytestmark = pytest.mark.django_db

SECRET = "sesame-opens-everything"
LIST = reverse("clones:connection_list")
NEW = reverse("clones:connection_new")
HTMX = {"HX-Request": "true"}
TYPED = {
    "name": "Main",
    "client_id": "app-1",
    "client_secret": SECRET,
    "api_url": "https://app.ecwid.com/api/v3",
    "site_url": "https://vuega.ecwid.com/api/v1",
    "rate_limit": "500",
}


def page_of(connection: Connection, name: str = "detail") -> str:
    return reverse(f"clones:connection_{name}", args=[connection.pk])


def blocked(reason: BlockReason, message: str = "", until: timedelta = timedelta(hours=1)) -> Connection:
    now = timezone.now()
    return ConnectionFactory.create(
        blocked_since=now - timedelta(hours=2), blocked_until=now + until, block_reason=reason, block_message=message
    )


@pytest.mark.parametrize("name", ["list", "new", "detail", "edit", "test", "pause", "resume", "delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_get_no_further_than_the_door(client: Client, name: str, method: str) -> None:
    client.force_login(staff())
    connection = ConnectionFactory.create()
    address = {"list": LIST, "new": NEW}.get(name) or page_of(connection, name)

    answer = getattr(client, method)(address)

    assert answer.status_code == 403
    assert "Portal admins" in answer.content.decode()
    connection.refresh_from_db()
    assert connection.paused_at is None


def test_the_first_connection_is_explained(as_admin: Client) -> None:
    assert NEW in text(as_admin, LIST)
    content = text(as_admin, NEW)
    for scope in ("clone_stores", "create_stores", "read_stores"):
        assert scope in content
    for usual in ("https://app.ecwid.com/api/v3", "https://vuega.ecwid.com/api/v1", "600"):
        assert f'value="{usual}"' in content


def test_a_connection_is_added(as_admin: Client) -> None:
    answer = as_admin.post(NEW, TYPED, follow=True)

    connection = Connection.objects.get()
    assert answer.redirect_chain == [(page_of(connection), 302)]
    assert (connection.name, connection.client_id, connection.rate_limit) == ("Main", "app-1", 500)
    assert connection.client_secret.reveal() == SECRET
    content = answer.content.decode()
    assert "A secret is set" in content
    assert SECRET not in content


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "required"),
        ({"client_secret": ""}, "required"),
        ({"rate_limit": "0"}, "from 1"),
        ({"rate_limit": "many"}, "whole number"),
        ({"api_url": "http://app.ecwid.com/api/v3"}, "https://"),
        ({"site_url": "https://10.0.0.1/"}, "private"),
        ({"client_id": "appé"}, "copy it from Ecwid"),
    ],
    ids=lambda wrong: next(iter(wrong)) if isinstance(wrong, dict) else "",
)
def test_a_mistake_stands_at_its_field_and_what_was_typed_is_kept_but_the_secret(
    as_admin: Client, wrong: dict[str, str], sentence: str
) -> None:
    answer = as_admin.post(NEW, {**TYPED, **wrong})

    assert answer.status_code == 422
    (field,) = wrong
    assert list(answer.context["form"].errors) == [field]
    assert sentence in answer.context["form"].errors[field][0]
    content = answer.content.decode()
    assert SECRET not in content
    kept = {**TYPED, **wrong}
    assert f'value="{kept["site_url"]}"' in content
    assert not Connection.objects.exists()


def test_a_name_that_is_taken_is_refused_at_its_field(as_admin: Client) -> None:
    ConnectionFactory.create(name="Main")

    answer = as_admin.post(NEW, TYPED)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["name"]


def test_an_empty_secret_keeps_the_one_that_is_set(as_admin: Client) -> None:
    connection = ConnectionFactory.create(client_secret=Secret.seal(SECRET))

    as_admin.post(page_of(connection, "edit"), {**TYPED, "name": "Renamed", "client_secret": ""})

    connection.refresh_from_db()
    assert (connection.name, connection.rate_limit, connection.client_secret.reveal()) == ("Renamed", 500, SECRET)


def test_a_typed_secret_replaces_the_one_that_is_set(as_admin: Client) -> None:
    connection = ConnectionFactory.create(client_secret=Secret.seal(SECRET))

    as_admin.post(page_of(connection, "edit"), {**TYPED, "client_secret": "another"})

    connection.refresh_from_db()
    assert connection.client_secret.reveal() == "another"


def test_the_form_shows_all_but_the_secret(as_admin: Client) -> None:
    connection = ConnectionFactory.create(client_secret=Secret.seal(SECRET), client_id="app-9", rate_limit=77)

    content = text(as_admin, page_of(connection, "edit"))

    assert 'value="app-9"' in content
    assert 'value="77"' in content
    assert "A secret is set" in content
    assert SECRET not in content
    assert connection.client_secret.ciphertext not in content


def test_another_address_is_refused_once_clones_hang_on_it(as_admin: Client) -> None:
    connection = CloneJobFactory.create().connection

    answer = as_admin.post(page_of(connection, "edit"), {**TYPED, "api_url": "https://other.ecwid.com/api/v3"})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["api_url"]


def test_a_sandbox_says_that_nothing_is_real(as_admin: Client) -> None:
    real, sandbox = ConnectionFactory.create(), ConnectionFactory.create(is_sandbox=True)

    assert "nothing is real" in text(as_admin, page_of(sandbox))
    assert "nothing is real" not in text(as_admin, page_of(real))
    assert "sandbox-badge" in text(as_admin, LIST)


STATES: list[tuple[Callable[[], Connection], str]] = [
    (ConnectionFactory.create, "Open"),
    (lambda: ConnectionFactory.create(paused_at=timezone.now()), "Paused"),
    (lambda: blocked(BlockReason.RATE_LIMITED), "Rate limit reached"),
    (lambda: blocked(BlockReason.RATE_LIMITED, until=timedelta(seconds=-1)), "Open"),
    (lambda: blocked(BlockReason.CREDENTIALS, "Application does not exist"), "Key refused"),
    (lambda: blocked(BlockReason.CREDENTIALS, until=timedelta(seconds=-1)), "Key being tried again"),
]


@pytest.mark.parametrize(("make", "label"), STATES, ids=[f"{i} {label}" for i, (_, label) in enumerate(STATES)])
def test_list_and_page_say_the_state_in_the_same_word(
    as_admin: Client, make: Callable[[], Connection], label: str
) -> None:
    connection = make()

    for address in (LIST, page_of(connection)):
        found = [each for each in {label for _, label in STATES} if f"</svg> {each}</span>" in text(as_admin, address)]
        assert found == [label]


def test_a_refused_key_says_why_and_what_to_do(as_admin: Client) -> None:
    content = text(as_admin, page_of(blocked(BlockReason.CREDENTIALS, "Application <does> not exist")))

    assert "Application &lt;does&gt; not exist" in content
    assert "Compare client ID and client secret" in content


def test_the_page_says_how_many_clones_are_held_up(as_admin: Client) -> None:
    connection = blocked(BlockReason.CREDENTIALS)
    template = TemplateStoreFactory.create(connection=connection)
    CloneJobFactory.create_batch(2, batch=BatchFactory.create(template=template))

    content = text(as_admin, page_of(connection))

    assert "2 clones</a> are held up by it" in content


def test_the_page_lists_the_templates_of_the_connection_the_archived_ones_last(as_admin: Client) -> None:
    connection = ConnectionFactory.create()
    old = TemplateStoreFactory.create(connection=connection, name="A", archived_at=timezone.now())
    new = TemplateStoreFactory.create(connection=connection, name="B")
    TemplateStoreFactory.create(name="Another connection's")

    assert list(as_admin.get(page_of(connection)).context["templates"]) == [new, old]


def test_a_connection_is_paused_by_whom_the_page_names_and_resumed(as_admin: Client) -> None:
    connection = ConnectionFactory.create()

    content = as_admin.post(page_of(connection, "pause"), follow=True).content.decode()
    connection.refresh_from_db()
    assert connection.paused_at is not None
    assert "by <bdi>ada</bdi>" in content

    as_admin.post(page_of(connection, "resume"))
    connection.refresh_from_db()
    assert connection.paused_at is None


def test_a_connection_that_no_store_belongs_to_is_deleted(as_admin: Client) -> None:
    wrong, right = blocked(BlockReason.CREDENTIALS), ConnectionFactory.create()
    assert page_of(wrong, "delete") in as_admin.get(page_of(wrong)).content.decode()

    answer = as_admin.post(page_of(wrong, "delete"), follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert list(Connection.objects.all()) == [right]


@pytest.mark.parametrize("make", [TemplateStoreFactory.create, TargetStoreFactory.create])
def test_a_connection_that_a_store_belongs_to_is_not_deleted(as_admin: Client, make: Callable[..., object]) -> None:
    connection = ConnectionFactory.create()
    make(connection=connection, archived_at=timezone.now())
    assert page_of(connection, "delete") not in as_admin.get(page_of(connection)).content.decode()

    answer = as_admin.post(page_of(connection, "delete"), follow=True)

    assert answer.redirect_chain == [(page_of(connection), 302)]
    assert "Stores belong to this connection" in answer.content.decode()
    assert Connection.objects.filter(pk=connection.pk).exists()


@pytest.mark.parametrize("name", ["pause", "resume", "test", "delete"])
def test_a_get_changes_nothing(as_admin: Client, name: str) -> None:
    assert as_admin.get(page_of(ConnectionFactory.create(), name)).status_code == 405


@pytest.mark.parametrize("name", ["list", "detail"])
def test_more_rows_cost_no_more_queries(
    as_admin: Client, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connection = ConnectionFactory.create(paused_at=timezone.now(), paused_by=admin("grace"))
    TemplateStoreFactory.create(connection=connection)
    address = LIST if name == "list" else page_of(connection)
    as_admin.get(address)  # the session and what is read once
    with django_assert_max_num_queries(20) as few:
        as_admin.get(address)

    TemplateStoreFactory.create_batch(20, connection=connection)
    for number in range(20):
        ConnectionFactory.create(paused_at=timezone.now(), paused_by=admin(f"admin-{number}"))

    with django_assert_max_num_queries(len(few)):
        as_admin.get(address)


@pytest.fixture
def at_sandbox(transactional_db: None, sandbox: SandboxProcess) -> Connection:
    return connect_to(sandbox)


def test_a_test_shows_in_place_that_the_key_is_accepted(at_sandbox: Connection, client: Client) -> None:
    client.force_login(admin())

    answer = client.post(page_of(at_sandbox, "test"), headers=HTMX)

    assert answer.status_code == 200
    assert answer.context["result"].ok
    content = answer.content.decode()
    assert "<html" not in content
    assert 'id="connection-state" class="card-body" hx-swap-oob="true"' in content
    assert CLIENT_SECRET not in content


def test_without_javascript_a_test_leads_back_to_the_page(at_sandbox: Connection, client: Client) -> None:
    client.force_login(admin())

    answer = client.post(page_of(at_sandbox, "test"), follow=True)

    assert answer.redirect_chain == [(page_of(at_sandbox), 302)]
    assert "Ecwid accepts the key" in answer.content.decode()


def test_a_refused_key_stops_the_connection_and_the_answer_shows_it(at_sandbox: Connection, client: Client) -> None:
    client.force_login(admin())
    Connection.objects.update(client_secret=Secret.seal("wrong-secret"))

    answer = client.post(page_of(at_sandbox, "test"), headers=HTMX)

    content = answer.content.decode()
    assert not answer.context["result"].ok
    assert "</svg> Key refused</span>" in content
    assert "wrong-secret" not in content


def test_a_key_that_works_again_sets_the_connection_free_and_the_answer_shows_it(
    at_sandbox: Connection, client: Client
) -> None:
    client.force_login(admin())
    now = timezone.now()
    Connection.objects.update(
        blocked_since=now - timedelta(hours=1),
        blocked_until=now + timedelta(hours=1),
        block_reason=BlockReason.CREDENTIALS,
        block_message="Application does not exist",
    )

    answer = client.post(page_of(at_sandbox, "test"), headers=HTMX)

    assert "</svg> Open</span>" in answer.content.decode()
    at_sandbox.refresh_from_db()
    assert not at_sandbox.is_blocked(timezone.now())
