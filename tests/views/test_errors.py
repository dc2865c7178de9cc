"""The pages of what goes wrong."""

import re

import pytest
from django.db import OperationalError
from django.test import Client

from clones.views import dashboard
from tests.people import nobody, staff
from tests.views.markup import inline_code

pytestmark = pytest.mark.django_db

MENU = 'aria-label="Main"'
SECRET = "secret_3a5f"


@pytest.fixture
def sam(client: Client) -> Client:
    client.force_login(staff())
    client.raise_request_exception = False
    return client


def break_every_page(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the dashboard fail in the middle, as a mistake of ours would."""
    monkeypatch.setattr(dashboard, "render", lambda *_, **__: (_ for _ in ()).throw(error))


def test_a_page_that_is_not_there_keeps_the_menu(sam: Client) -> None:
    response = sam.get("/nowhere/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    assert MENU in response.content.decode()


def test_who_is_not_signed_in_sees_no_menu_on_it(client: Client) -> None:
    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert MENU not in response.content.decode()


def test_a_closed_door_names_the_role_that_is_missing_and_those_that_one_has(sam: Client) -> None:
    said = re.sub(r"\s+", " ", sam.get("/people/").content.decode())

    assert "You may not see or change people: that takes the role “Portal admins”." in said
    assert "you are signed in as <bdi>sam</bdi> (Reseller staff)" in said
    assert MENU in said


def test_somebody_without_any_role_is_told_so(client: Client) -> None:
    client.force_login(nobody())

    said = re.sub(r"\s+", " ", client.get("/").content.decode())

    assert "You may not see clones and stores: that takes the role “Reseller staff”." in said
    assert "you are signed in as <bdi>nora</bdi> and have no role yet" in said
    assert "Log out" in said
    assert "Back to the dashboard" not in said


def test_a_broken_page_keeps_the_menu_and_tells_nothing_of_the_inside(
    sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_every_page(monkeypatch, RuntimeError(SECRET))

    response = sam.get("/")

    body = response.content.decode()
    assert response.status_code == 500
    assert "Something broke on our side" in body
    assert MENU in body
    assert SECRET not in body
    assert "Content-Security-Policy" in response.headers
    assert not inline_code(body)


@pytest.mark.parametrize("error", [OperationalError("gone"), ConnectionError("no Redis")])
def test_the_page_of_a_broken_page_needs_nothing_that_may_be_away_too(
    sam: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("clones.signin.PortalBackend.get_user", lambda *_: (_ for _ in ()).throw(error))

    response = sam.get("/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert MENU not in response.content.decode()


def test_a_form_from_before_signing_in_elsewhere_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff())

    response = client.post("/accounts/profile/", {"time_zone": "", "theme": "dark"})

    assert response.status_code == 403
    assert "Please send it again" in response.content.decode()
    assert "Nothing was done" in response.content.decode()
    assert MENU in response.content.decode()


def test_a_name_that_is_not_the_portals_gets_a_page_that_says_so(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "ALLOWED_HOSTS" in response.content.decode()
    assert "evil.example" not in response.content.decode()
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("path", ["/nowhere/", "/people/"])
def test_error_pages_hold_nothing_that_the_policy_forbids(sam: Client, path: str) -> None:
    assert not inline_code(sam.get(path).content.decode())
