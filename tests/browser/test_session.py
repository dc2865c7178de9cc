"""A session that ends while somebody watches."""

from importlib import import_module

from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.factories import CloneJobFactory
from tests.people import PASSWORD, staff


def end_session(page: Page) -> None:
    """Forget the session at the server, as after its last day."""
    (key,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME]
    import_module(settings.SESSION_ENGINE).SessionStore(key).delete()


def test_an_ended_session_leads_to_the_login_page_and_back_to_where_one_was(page: Page, sign_in: SignIn) -> None:
    job = CloneJobFactory.create()
    sign_in(page, staff("sam"))
    page.goto("/clones/?status=WAITING&sort=batch")
    expect(page.locator("[data-job]")).to_have_count(1)
    end_session(page)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()  # nobody clicked: the rows asked for themselves
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/clones/?status=WAITING&sort=batch")
    expect(page.locator(f"#job-{job.pk}-status")).to_be_visible()
