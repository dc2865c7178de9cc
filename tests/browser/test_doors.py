"""Signing in with a real browser, and what a broken page would look like to these tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserType, Page, expect

from tests.browser.complaints import Complaints
from tests.browser.conftest import Look, SignIn
from tests.people import PASSWORD, person, staff


def test_who_signs_in_lands_where_they_wanted_to_go(page: Page, look: Look) -> None:
    staff("sam")
    page.goto("/clones/?status=FAILED")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/clones/?status=FAILED")


def test_who_types_too_many_wrong_passwords_reads_so_and_keeps_the_name(
    page: Page, look: Look, complaints: Complaints
) -> None:
    staff("sam")
    page.goto("/accounts/login/")
    for _ in range(5):
        page.get_by_label("User name").fill("sam")
        page.get_by_label("Password").fill("mistyped word")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Too many wrong passwords for this user name")
    expect(alert).to_be_focused()
    expect(page.get_by_label("User name")).to_have_value("sam")
    expect(page.get_by_label("Password")).to_have_value("")
    look(page)
    complaints.forgive("status of 422")
    complaints.forgive("status of 429")


@pytest.fixture
def remembering_page(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], base_url: str, page: Page
) -> Iterator[Page]:
    """A page of a browser that keeps left pages alive for its Back button, as people's do and Playwright's does not.

    `page` is asked for since the portal and the empty database come with it.
    """
    how = {**browser_type_launch_args, "ignore_default_args": ["--disable-back-forward-cache"]}
    with browser_type.launch(**how) as browser:
        yield browser.new_page(base_url=base_url)


def test_the_back_button_shows_nothing_after_logging_out(remembering_page: Page, sign_in: SignIn) -> None:
    page = remembering_page
    sign_in(page, staff())
    page.goto("/targets/")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.evaluate("history.back()")  # go_back() waits for a page to load, which one that was kept does not
    expect(page).to_have_url("/accounts/login/?next=/targets/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_djangos_admin_works_under_the_policy(page: Page, complaints: Complaints) -> None:
    person("root")
    User.objects.update(is_superuser=True)
    page.goto("/admin/")
    page.get_by_label("User name").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/admin/")
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name="root", exact=True).click()
    expect(page.get_by_text("Chosen groups")).to_be_visible()  # drawn by its script
    complaints.forgive("favicon.ico")  # the browser looks for an icon, which Django's pages do not name


def test_a_script_that_a_page_must_not_have_is_blocked_and_heard(
    page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    sign_in(page, staff())
    page.goto("/")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
        )
    assert page.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in heard for heard in complaints.heard)
    complaints.forgive("Content Security Policy")
