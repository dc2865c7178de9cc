"""Every page, wide and on a phone, light and dark: accessible, no wider than the screen, without a complaint.

An address without a row in PAGES (or among those that are no pages) fails the test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page, expect

from clones.documents import DOCUMENTS
from tests.browser.complaints import Complaints
from tests.browser.conftest import PATIENCE_MILLISECONDS, Look, SignIn
from tests.browser.world import World
from tests.factories import MISSING
from tests.web_process import WebProcess

NOBODY_SIGNED_IN = ""
# Address as the urlconf has it → what is looked at: (who, address with the attributes of World).
PAGES = {
    "": [("staff", "/"), ("admin", "/")],
    "clones/": [
        ("staff", "/clones/"),
        ("staff", "/clones/?status=COMPLETED&q=9&sort=-took&per_page=25"),
        ("staff", "/clones/?q=nothing-is-called-so"),
        ("staff", "/clones/?needs=person"),
        ("staff", "/clones/?needs=retry"),
        ("staff", "/clones/?status=FAILED&failure=UNKNOWN&code=" + "W" * 200),
    ],
    "clones/new/": [("staff", "/clones/new/?template={template.pk}&targets=1,2"), ("admin", "/clones/new/")],
    "clones/<int:pk>/": [
        ("staff", "/clones/{completed.pk}/"),
        ("staff", "/clones/{completed.pk}/?type=product&page=2"),
        ("staff", "/clones/{failed.pk}/"),
        ("staff", "/clones/{waiting.pk}/"),
        ("staff", "/clones/{running.pk}/"),
        ("staff", "/clones/{without_store.pk}/"),
        ("staff", "/clones/{without_site.pk}/"),
    ],
    "clones/<int:pk>/mapping/": [("staff", "/clones/{completed.pk}/mapping/?q=5000")],
    "batches/": [("staff", "/batches/"), ("staff", "/batches/?state=held")],
    "batches/<int:pk>/": [
        ("staff", "/batches/{batch.pk}/"),
        ("staff", "/batches/{batch.pk}/?status=CANCELED"),
        ("staff", "/batches/{held.pk}/"),
    ],
    "batches/<int:pk>/retry/": [("staff", "/batches/{batch.pk}/retry/"), ("staff", "/batches/{held.pk}/retry/")],
    "batches/new/": [("staff", "/batches/new/")],
    "batches/new/<int:pk>/template/": [
        ("staff", "/batches/new/{draft.pk}/template/"),
        ("staff", "/batches/new/{orphan.pk}/template/"),
    ],
    "batches/new/<int:pk>/targets/": [
        ("staff", "/batches/new/{draft.pk}/targets/"),
        ("staff", "/batches/new/{draft.pk}/targets/?page=2"),
        ("staff", "/batches/new/{draft.pk}/targets/?q=nothing-is-called-so"),
        ("staff", "/batches/new/{empty.pk}/targets/"),
    ],
    "batches/new/<int:pk>/rows/<int:row>/": [("staff", "/batches/new/{draft.pk}/rows/{row.pk}/")],
    "batches/new/<int:pk>/check/": [("staff", "/batches/new/{draft.pk}/check/")],
    "batches/new/<int:pk>/review/": [
        ("staff", "/batches/new/{draft.pk}/review/"),
        ("staff", "/batches/new/{draft.pk}/review/?only_valid=1"),
        ("staff", "/batches/new/{draft.pk}/review/?only_valid=1&leave_out_busy=1"),
        ("staff", "/batches/new/{draft.pk}/review/?only_valid=1&with_blocked=1"),
        ("staff", "/batches/new/{empty.pk}/review/"),
    ],
    "templates/": [("staff", "/templates/"), ("admin", "/templates/?q=nothing-is-called-so")],
    "templates/new/": [("admin", "/templates/new/")],
    "templates/<int:pk>/": [
        ("staff", "/templates/{template.pk}/"),
        ("admin", "/templates/{unused.pk}/"),
        ("admin", "/templates/{archived.pk}/"),
    ],
    "templates/<int:pk>/edit/": [("admin", "/templates/{template.pk}/edit/")],
    "targets/": [("staff", "/targets/")],
    "targets/new/": [("admin", "/targets/new/")],
    "targets/<int:pk>/": [("staff", "/targets/{target.pk}/"), ("admin", "/targets/{running.target.pk}/")],
    "targets/<int:pk>/edit/": [("admin", "/targets/{target.pk}/edit/")],
    "connections/": [("admin", "/connections/")],
    "connections/new/": [("admin", "/connections/new/")],
    "connections/<int:pk>/": [("admin", "/connections/{connection.pk}/")],
    "connections/<int:pk>/edit/": [("admin", "/connections/{connection.pk}/edit/")],
    "people/": [("admin", "/people/")],
    "people/new/": [("admin", "/people/new/")],
    "people/<int:pk>/": [("admin", "/people/{people[staff].pk}/")],
    "people/<int:pk>/edit/": [("admin", "/people/{people[staff].pk}/edit/")],
    "people/<int:pk>/password/": [("admin", "/people/{people[staff].pk}/password/")],
    "help/": [("staff", "/help/"), ("nobody", "/help/")],
    "help/<slug:name>/": [("staff", f"/help/{name}/") for name in DOCUMENTS],
    "accounts/login/": [(NOBODY_SIGNED_IN, "/accounts/login/")],
    "accounts/profile/": [("staff", "/accounts/profile/")],
    "accounts/password_change/": [("staff", "/accounts/password_change/")],
    "accounts/password_change/done/": [("staff", "/accounts/password_change/done/")],
    "accounts/password_reset/": [(NOBODY_SIGNED_IN, "/accounts/password_reset/")],
    "accounts/password_reset/done/": [(NOBODY_SIGNED_IN, "/accounts/password_reset/done/")],
    "accounts/reset/<uidb64>/<token>/": [(NOBODY_SIGNED_IN, "/accounts/reset/MQ/no-such-link/")],
    "accounts/reset/done/": [(NOBODY_SIGNED_IN, "/accounts/reset/done/")],
}
FRAGMENTS = {"dashboard/live/", "clones/rows/", "clones/<int:pk>/live/", "batches/<int:pk>/live/"} | {
    "batches/new/<int:pk>/check/live/"
}
LEADS_ON = {"batches/new/<int:pk>/"}
FILES = {
    "clones.csv",
    "clones/<int:pk>/mapping.csv",
    "batches/<int:pk>/results.csv",
    "batches/<int:pk>/mappings.csv",
    "batches/new/example.csv",
    "batches/new/<int:pk>/bad-rows.csv",
    "batches/new/<int:pk>/rows.csv",
}
MONITORS = {"healthz", "readyz", "metrics"}
POSTED = {
    "selected",
    "retry",
    "cancel",
    "store",
    "site",
    "test",
    "archive",
    "restore",
    "delete",
    "pause",
    "resume",
    "continue",
} | {
    "deactivate",
    "reactivate",
    "logout",
    "remove",
    "discard",
}  # the last part of an address that only takes a form; test_pages_that_answer_a_form looks at what they show


@dataclass(frozen=True)
class Visitor:
    """Somebody in front of a page of the world, who looks at it closely."""

    page: Page
    world: World
    sign_in: SignIn
    look: Look

    def come_as(self, who: str) -> None:
        """Sign in as one of the world's people; nobody where `who` is empty."""
        if who:
            self.sign_in(self.page, self.world.people[who])

    def open(self, address: str) -> int:
        """Go to an address with attributes of the world in it; return the status."""
        answer = self.page.goto(address.format_map(vars(self.world)))
        assert answer is not None
        return answer.status


@pytest.fixture(scope="module")
def world(open_database: None) -> Iterator[World]:
    """One world for all that only look at it."""
    yield World.make()
    call_command("flush", verbosity=0, interactive=False)
    connection.close()  # Django keeps it apart from the one without Playwright's event loop, and would forget it


@pytest.fixture(scope="module")
def window(world: World, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """One window for all pages: to open a new one takes longer than to look at a page."""
    with browser.new_context(**browser_context_args) as context:
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        yield context.new_page()


@pytest.fixture
def watched(
    window: Page, web: WebProcess, complaints: Complaints, request: pytest.FixtureRequest, output_path: str
) -> Iterator[Page]:
    """The window as a new one: nobody is signed in, and what it complains about is this test's."""
    failed = request.session.testsfailed
    window.context.clear_cookies()
    complaints.watch(window.context)
    yield window
    if request.session.testsfailed > failed:
        picture = Path(output_path) / "test-failed.png"
        window.screenshot(path=picture)
        print(f"Left by the browser: {picture}")  # noqa: T201
    window.goto("about:blank")  # nothing of this page reaches into the next test
    complaints.leave(window.context)


@pytest.fixture
def visitor(watched: Page, world: World, sign_in: SignIn, look: Look) -> Visitor:
    return Visitor(watched, world, sign_in, look)


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Yield every address of the project, but for Django's own admin."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern) and not route.startswith("admin/"):
            yield route


def test_every_address_is_looked_at_or_is_no_page() -> None:
    pages = {
        route
        for route in routes(get_resolver())
        if route in PAGES
        or (route not in FRAGMENTS | FILES | MONITORS | LEADS_ON and route.strip("/").rpartition("/")[2] not in POSTED)
    }
    assert pages == set(PAGES)


@pytest.mark.parametrize(("who", "address"), [row for rows in PAGES.values() for row in rows])
def test_page(visitor: Visitor, who: str, address: str) -> None:
    visitor.come_as(who)
    assert visitor.open(address) == 200
    expect(visitor.page.get_by_role("heading", level=1)).to_have_count(1)
    visitor.look(visitor.page)
    assert visitor.page.title() != "taken"


@pytest.mark.parametrize(
    ("who", "address", "status"),
    [
        ("staff", "/no/such/page/", 404),
        ("staff", f"/clones/{MISSING}/", 404),
        ("staff", "/people/", 403),
        ("nobody", "/", 403),
    ],
)
def test_page_of_a_closed_door(visitor: Visitor, complaints: Complaints, who: str, address: str, status: int) -> None:
    complaints.forgive(f"status of {status}")
    visitor.come_as(who)
    assert visitor.open(address) == status
    visitor.look(visitor.page)


# Pages that answer a form ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("staff", "/clones/new/"),
        ("admin", "/templates/new/"),
        ("admin", "/templates/{template.pk}/edit/"),
        ("admin", "/targets/new/"),
        ("admin", "/connections/new/"),
        ("admin", "/connections/{connection.pk}/edit/"),
        ("admin", "/people/new/"),
        ("admin", "/people/{people[staff].pk}/password/"),
        ("staff", "/accounts/password_change/"),
    ],
)
def test_form_with_mistakes(visitor: Visitor, complaints: Complaints, who: str, address: str) -> None:
    complaints.forgive("status of 422")
    visitor.come_as(who)
    visitor.open(address)
    form = visitor.page.locator("main form[method=post]").first
    for box in form.locator("input[type=text]:visible, textarea:visible").all():
        box.fill("")
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answers:
        form.locator("button.btn-primary").click()
    assert answers.value.status == 422
    expect(visitor.page.locator("[aria-invalid=true]").first).to_be_visible()
    visitor.look(visitor.page)


@pytest.mark.parametrize(
    ("address", "button"),
    [
        ("/batches/new/{draft.pk}/targets/", "Add these stores"),
        ("/batches/new/{draft.pk}/rows/{row.pk}/", "Save this row"),
        ("/batches/new/{orphan.pk}/template/", "Save, and on"),
    ],
)
def test_step_of_the_wizard_with_mistakes(visitor: Visitor, complaints: Complaints, address: str, button: str) -> None:
    complaints.forgive("status of 422")
    page = visitor.page
    visitor.come_as("staff")
    visitor.open(address)
    for adding in page.locator("summary", has_text="Add more stores").all():
        adding.click()
    with page.expect_response(lambda answer: answer.request.method == "POST") as answers:
        page.get_by_role("button", name=button).click()
    assert answers.value.status == 422
    expect(page.get_by_role("alert").first).to_be_visible()
    visitor.look(page)


@pytest.mark.parametrize("action", ["Retry", "Cancel"])
def test_question_before_many_are_retried_or_canceled(visitor: Visitor, action: str) -> None:
    page = visitor.page
    visitor.come_as("staff")
    visitor.open("/clones/")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=action).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(action)
    visitor.look(page)


def test_busy_targets_are_named_and_left_out_on_request(visitor: Visitor, complaints: Complaints) -> None:
    complaints.forgive("status of 422")
    page, busy = visitor.page, visitor.world.running.target.store_id
    visitor.come_as("staff")
    visitor.open(f"/clones/new/?template={{template.pk}}&targets={busy},777001,777002")
    page.get_by_role("button", name="Start cloning").click()
    expect(page.get_by_role("alert")).to_contain_text(busy)
    visitor.look(page)
    page.get_by_role("button", name="clone into 2 stores").click()
    expect(page.get_by_role("status").filter(has_text="Left out 1 store")).to_contain_text(busy)
