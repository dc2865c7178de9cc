"""The headers that every answer carries, whoever in the chain of middleware gives it."""

from collections.abc import Callable

import pytest
from django.http import HttpResponseBase
from django.templatetags.static import static
from django.test import Client

from clones.choices import JobStatus
from clones.views import dashboard
from tests.factories import CloneJobFactory
from tests.people import admin

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}
ALWAYS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(admin())
    client.raise_request_exception = False
    return client


def rows(client: Client, status: JobStatus, since: str) -> HttpResponseBase:
    job = CloneJobFactory.create(status=status)
    return client.get(f"/clones/rows/?ids={job.pk}&since={since.format(job.version)}", headers=FRAGMENT)


def without_token(client: Client) -> HttpResponseBase:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    return strict.post("/accounts/profile/", {"theme": "dark"})


def broken(client: Client) -> HttpResponseBase:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dashboard, "render", None)
        return client.get("/")


# What answers → (the status that shows that it is the answer meant, how to ask for it).
PAGES: dict[str, tuple[int, Callable[[Client], HttpResponseBase]]] = {
    "a page": (200, lambda client: client.get("/clones/")),
    "a form with mistakes": (422, lambda client: client.post("/people/new/")),
    "a redirect": (302, lambda client: client.post("/accounts/logout/")),
    "a changed fragment": (200, lambda client: rows(client, JobStatus.WAITING, "0")),
    "an unchanged fragment": (204, lambda client: rows(client, JobStatus.WAITING, "{}")),
    "the last of a fragment": (286, lambda client: rows(client, JobStatus.COMPLETED, "{}")),
    "a file": (200, lambda client: client.get("/clones.csv")),
    "a foreign name": (400, lambda client: client.get("/", headers={"Host": "evil.example"})),
    "a form without its token": (403, without_token),
    "nothing there": (404, lambda client: client.get("/nowhere/")),
    "nothing there among static files": (404, lambda client: client.get("/static/nothing.js")),
    "a wrong method": (405, lambda client: client.get("/clones/1/retry/")),
    "a broken page": (500, broken),
    "Django's admin without its rights": (403, lambda client: client.get("/admin/")),
    "health": (200, lambda client: client.get("/healthz")),
    "the login page": (200, lambda _: Client().get("/accounts/login/")),
    "the way to the login page": (302, lambda _: Client().get("/")),
    "an ended session in a fragment": (200, lambda _: Client().get("/", headers=FRAGMENT)),
}


def assert_has_headers(response: HttpResponseBase) -> None:
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    response.close()  # a static file is open until then


@pytest.mark.parametrize("name", PAGES)
def test_every_answer_cannot_be_framed_sniffed_or_stored_and_runs_nothing_foreign(name: str, ada: Client) -> None:
    status, ask = PAGES[name]

    response = ask(ada)

    assert response.status_code == status
    assert_has_headers(response)
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["css/portal.css", "img/icon.svg", "js/portal.js"])
def test_static_files_carry_the_policy_too_and_may_be_stored_for_ever(name: str, client: Client) -> None:
    response = client.get(static(name))

    assert response.status_code == 200
    assert_has_headers(response)
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/clones/?page=2", "/static/css/portal.css", "/nowhere/"])
def test_the_way_to_https_carries_the_policy_too(path: str, over_https: Client) -> None:
    response = Client().get(path)

    assert response.headers["Location"] == f"https://testserver{path}"
    assert_has_headers(response)


@pytest.mark.parametrize("path", ["/", "/static/css/portal.css", "/nowhere/", "/clones.csv"])
def test_over_https_every_answer_says_that_it_stays_so(path: str, over_https: Client) -> None:
    response = over_https.get(path)

    assert_has_headers(response)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_foreign_name_is_not_led_to_https(over_https: Client) -> None:
    response = Client().get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"
