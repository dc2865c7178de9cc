"""/metrics: who may come in, and what stands at the door."""

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.people import admin

TOKEN = "a token of 20 signs!"

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def ask(client: Client, authorization: str | None = f"Bearer {TOKEN}") -> tuple[int, str]:
    answer = client.get("/metrics", headers={"Authorization": authorization} if authorization is not None else {})
    return answer.status_code, answer.content.decode()


@pytest.mark.usefixtures("with_token")
def test_a_scraper_with_the_token_gets_the_figures(client: Client) -> None:
    status, text = ask(client)

    assert status == 200
    assert 'portal_jobs{status="WAITING"} 0.0\n' in text


@pytest.mark.usefixtures("with_token")
def test_the_format_is_named(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize(
    "authorization",
    [None, "", TOKEN, "Bearer", "Bearer ", "Bearer é", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}"],
)
def test_whoever_comes_without_it_gets_nothing(client: Client, authorization: str | None) -> None:
    answer = client.get("/metrics", headers={"Authorization": authorization} if authorization is not None else {})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "portal_" not in answer.content.decode()
    assert TOKEN not in answer.content.decode()


@pytest.mark.usefixtures("with_token")
def test_an_admin_who_has_signed_in_needs_it_too(client: Client) -> None:
    client.force_login(admin())

    assert ask(client, None)[0] == 401


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_in_the_settings_there_is_no_such_page(
    client: Client, settings: Settings, authorization: str | None
) -> None:
    settings.METRICS_TOKEN = ""

    assert ask(client, authorization)[0] == 404


@pytest.mark.usefixtures("with_token")
def test_a_database_that_is_away_is_told_in_a_sentence(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clones_counter RENAME TO away")

    status, text = ask(client)

    assert (status, text) == (503, "The database does not answer.\n")


@pytest.mark.usefixtures("with_token")
def test_a_scraper_inside_the_network_speaks_plain_http(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert ask(client)[0] == 200


@pytest.mark.usefixtures("with_token")
def test_no_answer_is_kept_by_a_cache_and_no_session_begins(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_only_reading_is_allowed(client: Client, method: str) -> None:
    answer = getattr(client, method)("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 405
