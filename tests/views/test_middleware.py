"""What stands around every answer: the way to the login page and back, the person's zone, headers and cookies."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from clones.models import Profile
from tests.factories import TargetStoreFactory
from tests.people import PASSWORD, staff
from tests.views.markup import inline_code

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.fixture
def sam(client: Client) -> Client:
    client.force_login(staff())
    return client


def login_asks_for(client: Client, method: str, path: str, referer: str = "") -> str:
    """Return where the login page would lead to afterwards."""
    response = client.generic(method, path, headers={"Referer": referer} if referer else {})
    return str(response.headers["Location"])


# The way to the login page --------------------------------------------------------------------------------------------


def test_a_page_is_come_back_to_with_its_query(client: Client) -> None:
    assert login_asks_for(client, "GET", "/clones/?page=2") == "/accounts/login/?next=/clones/%3Fpage%3D2"


def test_after_a_form_one_comes_back_to_the_page_that_it_stood_on(client: Client) -> None:
    location = login_asks_for(client, "POST", "/clones/7/retry/", "http://testserver/clones/7/?type=product")

    assert location == "/accounts/login/?next=/clones/7/%3Ftype%3Dproduct"


@pytest.mark.parametrize("referer", ["", "https://evil.example/clones/", "http://testserver.evil.example/"])
def test_after_a_form_of_somewhere_else_one_comes_to_the_dashboard(client: Client, referer: str) -> None:
    assert login_asks_for(client, "POST", "/clones/7/retry/", referer) == "/accounts/login/?next=/"


def test_a_fragment_without_a_page_of_its_own_leads_to_the_dashboard(client: Client) -> None:
    response = client.get("/clones/rows/?ids=1", headers={"HX-Request": "true"})

    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2F"


def test_a_fragment_never_leads_to_another_site(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/clones/"}

    assert client.get("/clones/", headers=headers).headers["HX-Redirect"] == "/accounts/login/?next=%2F"


# Times ----------------------------------------------------------------------------------------------------------------


def zone_shown(client: Client) -> str:
    found = re.search(r"shown in the zone (\S+) now", client.get("/accounts/profile/").content.decode())
    assert found
    return found.group(1)


def test_the_chosen_zone_counts_before_the_browsers_and_the_browsers_before_the_portals(
    sam: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    assert zone_shown(sam) == "Europe/Madrid"

    sam.cookies["zone"] = "America/Lima"
    assert zone_shown(sam) == "America/Lima"

    Profile.objects.create(user=User.objects.get(username="sam"), time_zone="Asia/Tokyo")
    assert zone_shown(sam) == "Asia/Tokyo"


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "", "Europe/Madrid\x00", "x" * 5000])
def test_a_zone_that_does_not_exist_is_passed_over(sam: Client, zone: str) -> None:
    sam.cookies["zone"] = zone

    assert zone_shown(sam) == "UTC"


def test_a_zone_is_not_left_behind_for_the_next_request(sam: Client) -> None:
    sam.cookies["zone"] = "America/Lima"
    zone_shown(sam)

    assert timezone.get_current_timezone_name() == "UTC"


# Page sizes -----------------------------------------------------------------------------------------------------------


def test_the_size_of_a_page_is_kept_from_one_list_to_the_next(sam: Client) -> None:
    TargetStoreFactory.create_batch(30)

    sam.get("/clones/?per_page=25")

    assert sam.cookies["per_page"].value == "25"
    assert "1\u201325" in sam.get("/targets/").content.decode()


@pytest.mark.parametrize("size", ["7", "all", "-1", "1e9", "100000"])
def test_a_size_that_is_not_offered_is_neither_used_nor_kept(sam: Client, size: str) -> None:
    TargetStoreFactory.create_batch(60)

    body = sam.get("/targets/", {"per_page": size}).content.decode()

    assert ">1\u201350<" in body
    assert "per_page" not in sam.cookies


@pytest.mark.parametrize(("number", "first"), [("2", 51), ("99", 51), ("0", 51), ("x", 1), ("-1", 51)])
def test_a_page_that_does_not_exist_is_the_nearest(sam: Client, number: str, first: int) -> None:
    TargetStoreFactory.create_batch(60)

    assert f">{first}\u2013" in sam.get("/targets/", {"page": number}).content.decode()


# Headers and cookies --------------------------------------------------------------------------------------------------


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in client.get("/accounts/login/").headers["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_over_https_cookies_stay_there_and_plain_http_is_sent_on(over_https: Client) -> None:
    staff()
    response = over_https.post("/accounts/login/", {"username": "sam", "password": PASSWORD})
    session = response.cookies["sessionid"]

    assert session["secure"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert response.cookies["csrftoken"]["secure"]
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert Client().get("/clones/").headers["Location"] == "https://testserver/clones/"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_over_https_a_monitor_inside_still_speaks_plain_http(over_https: Client, path: str) -> None:
    assert Client().get(path).status_code in {200, 503}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_holds_what_the_policy_forbids(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    without_tags = re.sub(r"{%.*?%}|{#.*?#}", "", text)

    assert not inline_code(without_tags)
    assert not re.search(r"\bhx-(on|vals=['\"]js:|vals=['\"]javascript:)", text)
