"""A day of a portal's admin: an application, a template, a person, and away with what is no longer used."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext, SignIn
from tests.people import admin
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token

NEW_PASSWORD = "a password that nobody guesses"


@pytest.fixture
def come_in(new_context: NewContext) -> Callable[[str], Page]:
    """Return a function by which a new person signs in, in a browser of their own."""

    def sign(username: str) -> Page:
        page = new_context().new_page()
        page.goto("/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    return sign


def test_from_the_first_connection_to_an_archived_template(
    page: Page, sign_in: SignIn, sandbox: SandboxProcess, come_in: Callable[[str], Page]
) -> None:
    sandbox.add_store(1001, name="Fashion & Co", products=30, categories=4)
    sign_in(page, admin())
    _add_connection(page, sandbox)
    _add_template(page)
    _add_person(page)

    staff = come_in("kim")
    expect(staff.get_by_role("navigation", name="Main").get_by_role("link", name="People")).to_have_count(0)
    staff.goto("/clones/new/")
    expect(staff.get_by_role("radio", name="Fashion")).to_be_visible()

    page.goto("/templates/")
    page.get_by_role("link", name="Fashion").click()
    page.get_by_text("Archive…").click()
    page.get_by_role("button", name="Archive this template store").click()
    expect(page.get_by_role("button", name="Take back into use")).to_be_visible()
    staff.reload()
    expect(staff.get_by_text("There is no template store yet")).to_be_visible()


def _add_connection(page: Page, sandbox: SandboxProcess) -> None:
    page.goto("/connections/new/")
    page.get_by_label("Name").fill("Sandbox")
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_label("Client secret").fill(CLIENT_SECRET)
    page.get_by_text("Addresses at Ecwid").click()
    page.get_by_label("Address of the API").fill(sandbox.api_url)
    page.get_by_role("button", name="Add connection").click()
    expect(page.get_by_role("heading", level=1, name="Sandbox")).to_be_visible()
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#test-result .text-success-emphasis")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(CLIENT_SECRET)


def _add_template(page: Page) -> None:
    page.goto("/templates/new/")
    page.get_by_label("Store ID").fill("1001")
    page.get_by_label("Name").fill("Fashion")
    page.get_by_label("Store token").fill(store_token(1001))
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1, name="Fashion")).to_be_visible()
    page.get_by_role("button", name="Test").click()
    result = page.locator("#test-result")
    for fact in ("Fashion & Co", "30", "4"):
        expect(result).to_contain_text(fact)


def _add_person(page: Page) -> None:
    page.goto("/people/new/")
    page.get_by_label("User name").fill("kim")
    page.get_by_label("E-mail").fill("kim@example.com")
    for box in page.locator("input[type=password]").all():
        box.fill(NEW_PASSWORD)
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("kim")
