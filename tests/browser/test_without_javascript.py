"""The staff's whole path in a browser without JavaScript: forms, links and reloads alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clones.models import TemplateStore
from tests.browser.complaints import Complaints
from tests.browser.conftest import NewContext, refresh
from tests.people import PASSWORD, staff
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A page that runs no script."""
    return new_context(java_script_enabled=False).new_page()


def sign_in_by_the_form(page: Page) -> None:
    staff("sam")
    page.goto("/clones/new/")
    page.get_by_label("User name").fill("sam")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.worker
def test_launch_follow_retry_and_read(
    page: Page,
    shop: TemplateStore,
    sandbox: SandboxProcess,
    start_worker: Callable[..., WorkerProcess],
    complaints: Complaints,
) -> None:
    complaints.forgive("status of 422")
    sandbox.add_store(9002, products=1)  # not empty: refused
    start_worker()
    sign_in_by_the_form(page)
    page.get_by_role("button", name="Start cloning").click()
    expect(page.get_by_text("Name at least one target store.").first).to_be_visible()
    page.locator("[name=targets]").fill("9001 9002")
    page.get_by_role("button", name="Start cloning").click()
    until(lambda: _both_ended(page), "both clones' ends")

    sandbox.add_store(9002)
    page.locator(".job-list").get_by_role("link", name="9002").click()
    expect(page.locator("#job-summary")).to_contain_text("Failed")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#job-summary")).to_contain_text("this one")
    until(lambda: _completed(page), "the retry's end")
    page.get_by_role("link", name="Categories (4)").click()
    expect(page.locator("#mapping tbody tr")).to_have_count(4)
    expect(page.get_by_role("heading", level=1)).to_contain_text("9002")


def _both_ended(page: Page) -> bool:
    refresh(page)
    words = page.locator("[data-job]").all_inner_texts()
    return any("Completed" in word for word in words) and any("Failed" in word for word in words)


def _completed(page: Page) -> bool:
    refresh(page)
    return "Completed" in page.locator("#job-summary .job-status").inner_text()


def test_cancel_one_and_the_rest_of_a_batch(page: Page, shop: TemplateStore) -> None:
    sign_in_by_the_form(page)
    page.locator("[name=targets]").fill("9001 9002 9003")
    page.get_by_role("button", name="Start cloning").click()
    page.get_by_role("link", name="9001").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#job-summary .job-status")).to_contain_text("Canceled")
    page.get_by_role("link", name="Batch").last.click()
    page.locator("#batch-cancel-open").click()
    page.locator("#batch-cancel-do").click()
    expect(page.locator("[data-job]").filter(has_text="Canceled")).to_have_count(3)


def test_many_are_chosen_in_the_list(page: Page, shop: TemplateStore) -> None:
    sign_in_by_the_form(page)
    page.locator("[name=targets]").fill("9001 9002 9003")
    page.get_by_role("button", name="Start cloning").click()
    page.goto("/clones/")
    for store_id in ("9001", "9003"):
        page.get_by_role("checkbox", name=f"into {store_id}").check()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel 2 clones").click()
    expect(page.locator("[data-job]").filter(has_text="Canceled")).to_have_count(2)
    expect(page.locator("[data-job]").filter(has_text="Waiting")).to_have_count(1)
