"""The small comforts of scripts, which no page needs to work."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from clones.choices import JobStatus
from tests.browser.complaints import Complaints
from tests.browser.conftest import SignIn, stop_clock
from tests.browser.look import PHONE
from tests.factories import CloneJobFactory, TemplateStoreFactory
from tests.people import admin, staff


def test_ages_grow_while_a_page_is_open(page: Page, sign_in: SignIn) -> None:
    ended_at = timezone.now() - timedelta(minutes=5, seconds=5)
    job = CloneJobFactory.create(status=JobStatus.COMPLETED, finished_at=ended_at)
    sign_in(page, staff())
    stop_clock(page)
    page.goto("/")
    line = page.locator("li").filter(has=page.locator(f"#finished-{job.pk}"))
    expect(line).to_contain_text("5 minutes ago")

    page.clock.fast_forward("03:00")
    expect(line).to_contain_text("8 minutes ago")
    page.clock.fast_forward("55:00")
    expect(line).to_contain_text("an hour ago")


def test_the_menus_strip_on_a_phone_shows_where_one_is(page: Page, sign_in: SignIn) -> None:
    sign_in(page, admin())
    page.set_viewport_size(PHONE)
    menu = page.get_by_role("navigation", name="Main")
    for address, entry in (("/people/", "People"), ("/help/first-clone/", "Help"), ("/", "Dashboard")):
        page.goto(address)
        expect(menu.get_by_role("link", name=entry)).to_be_in_viewport(ratio=1)


def test_a_copy_button_is_itself_again_however_often_it_is_clicked(page: Page, sign_in: SignIn) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    sign_in(page, staff())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stop_clock(page)
    page.goto(f"/clones/{job.pk}/")
    button = page.locator("#job-facts [data-copy]")
    for _ in range(2):
        button.click()
        expect(button).to_have_attribute("aria-label", "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == job.ticket

    page.clock.run_for(5000)
    expect(button).to_have_attribute("aria-label", "Copy the ticket")


def test_stores_are_counted_while_one_types(page: Page, sign_in: SignIn, complaints: Complaints) -> None:
    complaints.forgive("status of 422")
    TemplateStoreFactory.create()
    sign_in(page, staff())
    page.goto("/clones/new/")
    box, count = page.locator("[name=targets]"), page.locator(".launch-count")
    box.fill("9,305")
    expect(count).to_have_text("0 stores; 1 is no store ID, or doubtful: “9,305”")
    box.press_sequentially("\n9001")
    expect(count).to_have_text("1 store; 1 is no store ID, or doubtful: “9,305”")
    page.get_by_role("button", name="Start cloning").click()
    expect(page.get_by_text("Line 1: '9,305' has signs between its thousands")).to_be_visible()
    expect(count).to_have_text("1 store; 1 is no store ID, or doubtful: “9,305”")
    box.fill("")
    expect(count).to_have_text("")
