"""The check of a draft in a real browser: live while a real worker asks the sandbox, and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clones.choices import CheckStatus
from clones.models import Draft, DraftTarget, TemplateStore
from tests.browser.conftest import Look, NewContext, SignIn, refresh
from tests.browser.world import HOSTILE
from tests.checked_drafts import add_row, make_draft
from tests.people import staff
from tests.sandbox_process import SandboxProcess
from tests.waiting import until
from tests.worker_process import WorkerProcess


@pytest.fixture
def draft(shop: TemplateStore, sandbox: SandboxProcess) -> Draft:
    """Stores of each kind, and one that takes its time: it waits until the sandbox lets go of it."""
    TemplateStore.objects.filter(pk=shop.pk).update(product_count=30)
    draft = make_draft(shop, name=HOSTILE[0])
    sandbox.add_store(9101)
    sandbox.add_store(9102, products=3)
    sandbox.add_store(9103, scopes=[])
    sandbox.add_store(9104, sample_products=2, sample_categories=1)
    for at in range(4):
        add_row(draft, 9101 + at, label=HOSTILE[at])
    sandbox.add_store(9105)
    sandbox.fault("hold_before", target="9105", call="profile")
    add_row(draft, 9105, label=HOSTILE[5])  # the one before looks like a token
    return draft


def address(draft: Draft, query: str = "") -> str:
    return f"/batches/new/{draft.pk}/check/{query}"


def results_are(page: Page, *words: str) -> None:
    """Wait until these stand beside the stores from 9101 on."""
    for store, word in enumerate(words, start=9101):
        row = DraftTarget.objects.get(store_id=str(store))
        expect(page.locator(f"#check-{row.pk} .status")).to_have_text(word)


def test_results_come_in_by_themselves(
    page: Page,
    draft: Draft,
    sandbox: SandboxProcess,
    sign_in: SignIn,
    look: Look,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    start_worker()
    sign_in(page, staff())
    page.goto(address(draft))
    look(page)
    page.get_by_role("button", name="Check 5 stores").click()
    state = page.locator("#draft-check-state")
    expect(state.locator("strong")).to_have_text("4 of 5 stores looked at")
    expect(state.locator("progress")).to_have_attribute("value", "4")
    results_are(page, "Passed", "Blocked", "Not checked", "Warning", "Being checked")
    expect(page.locator("#stores")).to_contain_text("TARGET_PRODUCTS_NOT_EMPTY")
    look(page)
    page.get_by_role("button", name="Remove 9103").focus()

    sandbox.release()

    expect(state.locator("strong")).to_have_text("5 stores looked at")
    results_are(page, "Passed", "Blocked", "Not checked", "Warning", "Passed")
    expect(page.get_by_role("button", name="Remove 9103")).to_be_focused()
    expect(page.locator("[data-live=on] [data-live-pause]:visible")).to_have_count(0)
    look(page)

    page.get_by_role("link", name="Problems only 3").click()
    expect(page.locator("#stores tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Remove 9102").click()
    expect(page.locator("#stores tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Check 2 problems again").click()
    expect(state.locator("strong")).to_have_text("4 stores looked at")
    assert page.title() != "taken"
    page.get_by_role("link", name="Review").last.click()
    expect(page).to_have_url(f"{page.url.partition('/batches/')[0]}/batches/new/{draft.pk}/review/")


def test_works_without_javascript(
    new_context: NewContext,
    draft: Draft,
    sandbox: SandboxProcess,
    sign_in: SignIn,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    start_worker()
    sandbox.clear_faults()
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, staff())
    page.goto(address(draft))

    page.get_by_role("button", name="Check 5 stores").click()

    expect(page.locator("#draft-check-state")).to_contain_text("looked at")
    until(lambda: is_done(page), "the end of the check")
    results_are(page, "Passed", "Blocked")
    moving = {CheckStatus.WAITING.label, CheckStatus.RUNNING.label}
    assert not moving & set(page.locator("#stores td .status").all_inner_texts())
    page.get_by_role("link", name="Problems only 3").click()
    expect(page.locator("#stores tbody tr")).to_have_count(3)


def is_done(page: Page) -> bool:
    """Reload, as somebody without JavaScript does, and tell whether nothing moves any more."""
    refresh(page)
    return page.locator("#draft-check-state strong").first.inner_text().strip() == "5 stores looked at"
