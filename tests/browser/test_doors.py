"""Signing in with a real browser, and what a broken page would look like to these tests."""

from playwright.sync_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.conftest import Look, SignIn
from tests.people import PASSWORD, staff


def test_who_signs_in_lands_where_they_wanted_to_go(page: Page, look: Look) -> None:
    staff("sam")
    page.goto("/clones/?status=FAILED")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/clones/?status=FAILED")


def test_a_script_that_a_page_must_not_have_is_blocked_and_heard(
    page: Page, sign_in: SignIn, complaints: Complaints
) -> None:
    sign_in(page, staff())
    page.goto("/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    page.wait_for_function("window.ran === undefined")
    assert any("Content Security Policy" in heard for heard in complaints.heard)
    complaints.forgive("Content Security Policy")
