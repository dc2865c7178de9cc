"""Who may go where: every address by role and method, and what stands at a closed door.

An address without a row in DOORS fails the test. Where a row says 403, the page is as good as absent: it is refused
before anything is looked up, so that nobody learns what exists.
"""

import html
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from clones.choices import JobStatus
from clones.secrets import Secret
from tests.drafts import draft_with, rows
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
)
from tests.people import admin, nobody, staff
from tests.views.markup import inline_code

ANONYMOUS, NOBODY, STAFF, ADMIN, SUPERUSER = ROLES = ("anonymous", "nobody", "staff", "admin", "superuser")
EVERYBODY = frozenset(ROLES)
SIGNED_IN = EVERYBODY - {ANONYMOUS}
WATCHERS = frozenset({STAFF, ADMIN, SUPERUSER})
ADMINS = frozenset({ADMIN, SUPERUSER})
METHODS = ("GET", "HEAD", "POST")
NOT_THERE = (999_999_999, 10**30)


@dataclass(frozen=True)
class Door:
    """Who is let in and what they are answered; HEAD as GET. POST comes without any field: forms have mistakes then."""

    who: frozenset[str]
    get: int = 200
    post: int = 405
    query: str = ""


def _form(who: frozenset[str]) -> Door:
    return Door(who, post=422)


def _action(who: frozenset[str], post: int = 302) -> Door:
    return Door(who, get=405, post=post)


DOORS = {
    "": Door(WATCHERS),
    "dashboard/live/": Door(WATCHERS),
    "clones/": Door(WATCHERS),
    "clones.csv": Door(WATCHERS),
    "clones/rows/": Door(WATCHERS, query="ids={clones}&since=0"),
    "clones/selected/": _action(WATCHERS),
    "clones/new/": _form(WATCHERS),
    "clones/<int:pk>/": Door(WATCHERS),
    "clones/<int:pk>/mapping/": Door(WATCHERS),
    "clones/<int:pk>/mapping.csv": Door(WATCHERS),
    "clones/<int:pk>/live/": Door(WATCHERS, query="ids={clones}&since=0"),
    "clones/<int:pk>/retry/": _action(WATCHERS),
    "clones/<int:pk>/cancel/": _action(WATCHERS),
    "clones/<int:pk>/store/": Door(WATCHERS, get=405, post=422),
    "clones/<int:pk>/site/": _action(WATCHERS),
    "batches/": Door(WATCHERS),
    "batches/new/": Door(WATCHERS, post=302),
    "batches/new/example.csv": Door(WATCHERS),
    "batches/new/<int:pk>/": Door(WATCHERS, get=302),
    "batches/new/<int:pk>/template/": _form(WATCHERS),
    "batches/new/<int:pk>/targets/": _form(WATCHERS),
    "batches/new/<int:pk>/rows/<int:row>/": _form(WATCHERS),
    "batches/new/<int:pk>/rows/<int:row>/remove/": _action(WATCHERS),
    "batches/new/<int:pk>/bad-rows.csv": Door(WATCHERS),
    "batches/new/<int:pk>/rows.csv": Door(WATCHERS),
    "batches/new/<int:pk>/check/": Door(WATCHERS, post=302),
    "batches/new/<int:pk>/check/live/": Door(WATCHERS),
    "batches/new/<int:pk>/review/": _form(WATCHERS),
    "batches/new/<int:pk>/discard/": _action(WATCHERS),
    "batches/<int:pk>/": Door(WATCHERS),
    "batches/<int:pk>/live/": Door(WATCHERS, query="ids={clones}&since=0"),
    "batches/<int:pk>/retry/": Door(WATCHERS, post=302),
    "batches/<int:pk>/cancel/": _action(WATCHERS),
    "batches/<int:pk>/continue/": _action(WATCHERS),
    "batches/<int:pk>/results.csv": Door(WATCHERS),
    "batches/<int:pk>/mappings.csv": Door(WATCHERS),
    "templates/": Door(WATCHERS),
    "templates/new/": _form(ADMINS),
    "templates/<int:pk>/": Door(WATCHERS),
    "templates/<int:pk>/edit/": _form(ADMINS),
    "templates/<int:pk>/test/": _action(ADMINS),
    "templates/<int:pk>/archive/": _action(ADMINS),
    "templates/<int:pk>/restore/": _action(ADMINS),
    "templates/<int:pk>/delete/": _action(ADMINS),
    "targets/": Door(WATCHERS),
    "targets/new/": _form(ADMINS),
    "targets/<int:pk>/": Door(WATCHERS),
    "targets/<int:pk>/edit/": Door(ADMINS, post=302),  # a label and a token may both be left empty
    "targets/<int:pk>/archive/": _action(ADMINS),
    "targets/<int:pk>/restore/": _action(ADMINS),
    "targets/<int:pk>/delete/": _action(ADMINS),
    "connections/": Door(ADMINS),
    "connections/new/": _form(ADMINS),
    "connections/<int:pk>/": Door(ADMINS),
    "connections/<int:pk>/edit/": _form(ADMINS),
    "connections/<int:pk>/test/": _action(ADMINS),
    "connections/<int:pk>/pause/": _action(ADMINS),
    "connections/<int:pk>/resume/": _action(ADMINS),
    "connections/<int:pk>/delete/": _action(ADMINS),
    "people/": Door(ADMINS),
    "people/new/": _form(ADMINS),
    "people/<int:pk>/": Door(ADMINS),
    "people/<int:pk>/edit/": _form(ADMINS),
    "people/<int:pk>/password/": _form(ADMINS),
    "people/<int:pk>/deactivate/": _action(ADMINS),
    "people/<int:pk>/reactivate/": _action(ADMINS),
    "help/": Door(SIGNED_IN),
    "help/<slug:name>/": Door(SIGNED_IN),
    "accounts/login/": _form(EVERYBODY),
    "accounts/logout/": _action(SIGNED_IN),
    "accounts/profile/": _form(SIGNED_IN),
    "accounts/password_change/": _form(SIGNED_IN),
    "accounts/password_change/done/": Door(SIGNED_IN),
    "accounts/password_reset/": _form(EVERYBODY),
    "accounts/password_reset/done/": Door(EVERYBODY),
    "accounts/reset/<uidb64>/<token>/": Door(EVERYBODY, post=200),  # a link that does not work
    "accounts/reset/done/": Door(EVERYBODY),
    "healthz": Door(EVERYBODY),
    "readyz": Door(EVERYBODY),
    "metrics": Door(EVERYBODY, get=404),  # without METRICS_TOKEN; tests/views/test_metrics.py has it
}
# Django's own admin has no rows: its addresses follow from what it shows, and one rule stands for all.


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """Yield every address of the project, as it is written in the urlconf."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


ALL_ROUTES = sorted(set(routes()))
ADMIN_ROUTES = [route for route in ALL_ROUTES if route.startswith("admin/")]


@dataclass(frozen=True)
class World:
    """One client of each role, and one thing of each kind: its id by the first word of its addresses."""

    people: dict[str, Client]
    things: dict[str, int]


@pytest.fixture(scope="module")
def world(open_database: None) -> Iterator[World]:
    """Make everything once: every request takes back what it did, its session in the database too."""
    quick = {
        "PASSWORD_HASHERS": [f"{hashers.__name__}.MD5PasswordHasher"],
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    }
    with transaction.atomic(), override_settings(**quick):
        yield World(_people(), _things())
        transaction.set_rollback(True)


def _people() -> dict[str, Client]:
    users = {NOBODY: nobody(), STAFF: staff(), ADMIN: admin(), SUPERUSER: User.objects.create_superuser("root")}
    clients = {role: Client(raise_request_exception=False) for role in ROLES}
    for role, user in users.items():
        clients[role].force_login(user)
    return clients


def _things() -> dict[str, int]:
    """Make each thing in a state in which the actions on it make sense."""
    connection = ConnectionFactory.create(api_url="http://127.0.0.1:1/api/v3", client_secret=Secret.seal("sesame"))
    batch = BatchFactory.create(template__connection=connection)
    WorkerBeatFactory.create(started_at=timezone.now() + timedelta(days=1))  # it beats however long this takes
    draft = draft_with(User.objects.get(username="sam"), batch.template, "12a")
    return {
        "drafts": draft.pk,
        "rows": rows(draft)[0].pk,
        "clones": CloneJobFactory.create(batch=batch, status=JobStatus.COMPLETED).pk,
        "batches": batch.pk,
        "templates": TemplateStoreFactory.create(connection=connection).pk,
        "targets": TargetStoreFactory.create(connection=connection).pk,
        "connections": connection.pk,
        "people": User.objects.create_user("kim").pk,
    }


def address(route: str, world: World, query: str = "") -> str:
    """Fill in a route."""
    kind = "drafts" if route.startswith("batches/new/") else route.split("/", 1)[0]
    pk, row = str(world.things.get(kind, "")), str(world.things["rows"])
    path = (
        route.replace("<int:pk>", pk).replace("<int:row>", row).replace("<uidb64>", "MQ").replace("<token>", "abc-def")
    )
    path = path.replace("<slug:name>", "first-clone")
    return f"/{path}?{query.format(**world.things)}"


def ask(client: Client, method: str, path: str, **more: Any) -> HttpResponseBase:
    """Send a request and take back what it did."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(method, path, **more)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def expected(door: Door, role: str, method: str) -> int:
    if role not in door.who:
        return 302 if role == ANONYMOUS else 403
    return door.post if method == "POST" else door.get


def test_every_address_has_a_row() -> None:
    assert set(DOORS) == set(ALL_ROUTES) - set(ADMIN_ROUTES)


@pytest.mark.parametrize("route", DOORS)
def test_the_right_people_come_in_by_the_right_method(route: str, world: World) -> None:
    door, path = DOORS[route], address(route, world, DOORS[route].query)
    want = {(role, method): expected(door, role, method) for role in ROLES for method in METHODS}

    answers = {(role, method): ask(world.people[role], method, path) for role in ROLES for method in METHODS}

    assert {case: answer.status_code for case, answer in answers.items()} == want
    for (role, method), answer in answers.items():
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        if role == ANONYMOUS and role not in door.who:
            assert answer.headers["Location"].startswith("/accounts/login/?next=/")
        elif role not in door.who and method == "GET":
            missing = "Reseller staff" if STAFF in door.who else "Portal admins"
            assert f"that takes the role “{missing}”" in text_of(answer)
            assert 'aria-label="Main"' in text_of(answer)
        assert not inline_code(text_of(answer)), (role, method)


@pytest.mark.parametrize("pk", NOT_THERE)
@pytest.mark.parametrize("route", [route for route in DOORS if "<int:pk>" in route])
def test_what_does_not_exist_is_not_found_by_those_who_may_look_and_refused_to_all_others(
    route: str, pk: int, world: World
) -> None:
    door = DOORS[route]
    path = f"/{route.replace('<int:pk>', str(pk)).replace('<int:row>', str(pk))}"
    method = "POST" if door.get == 405 else "GET"

    answers = {role: ask(world.people[role], method, path).status_code for role in ROLES}

    assert answers == {role: 404 if role in door.who else expected(door, role, method) for role in ROLES}


@pytest.mark.parametrize("route", [route for route in DOORS if ANONYMOUS not in DOORS[route].who])
def test_a_fragment_asked_for_after_the_session_ended_sends_the_whole_page_to_the_login(
    route: str, world: World
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/clones/?page=2"}

    for method in METHODS:
        answer = ask(world.people[ANONYMOUS], method, address(route, world), headers=headers)

        assert answer.status_code == 200
        assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fclones%2F%3Fpage%3D2"
        assert not text_of(answer)


@pytest.mark.parametrize("route", ADMIN_ROUTES)
def test_djangos_own_admin_is_for_superusers(route: str, world: World) -> None:
    path = "/" + re.sub(r"\^?\(\?P<app_label>.*", "auth/", route)
    path = re.sub(r"\(\?P<url>.*", "nothing", path)
    path = re.sub(r"<(path:)?\w+>", str(Group.objects.get_or_create(name="Portal admins")[0].pk), path)

    for role in ROLES:
        for method in METHODS:
            answer = ask(world.people[role], method, path)

            assert answer.status_code < 500
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            if role == ANONYMOUS:
                back = path if method != "POST" else "/"
                assert answer.headers["Location"] == f"/accounts/login/?next={back}", method
            elif role != SUPERUSER:
                assert answer.status_code == 403, (role, method)
                if method == "GET":
                    assert "Django's own admin: that takes a superuser." in html.unescape(text_of(answer))
                    assert 'aria-label="Main"' in text_of(answer)


@pytest.mark.parametrize(
    ("path", "portals"),
    [("/admin/login/?next=//evil.example/", "/admin/"), ("/admin/password_change/", "/accounts/password_change/")],
)
def test_djangos_admin_has_no_pages_of_its_own_for_what_the_portal_has(path: str, portals: str, world: World) -> None:
    assert ask(world.people[SUPERUSER], "GET", path).headers["Location"] == portals


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/django_q/schedule/"])
def test_superusers_see_djangos_own_admin(path: str, world: World) -> None:
    assert ask(world.people[SUPERUSER], "GET", path).status_code == 200


def text_of(response: HttpResponseBase) -> str:
    """Return a page; "" for what is none."""
    if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
        return ""
    return str(getattr(response, "content", b"").decode())
