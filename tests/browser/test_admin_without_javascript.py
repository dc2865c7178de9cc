"""What admins do, in a browser without JavaScript: forms, links and reloads alone."""

import pytest
from playwright.sync_api import Page, expect

from clones.models import TargetStore, TemplateStore
from tests.browser.conftest import NewContext, SignIn
from tests.factories import TargetStoreFactory
from tests.people import admin, staff
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, SandboxProcess, store_token

NEW_PASSWORD = "a password that nobody guesses"


@pytest.fixture
def page(new_context: NewContext, sign_in: SignIn) -> Page:
    """A page that runs no script, of an admin."""
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, admin())
    return page


def is_told(page: Page, words: str) -> None:
    expect(page.locator(".portal-messages")).to_contain_text(words)


def test_a_connection_is_added_tested_paused_and_resumed(page: Page, sandbox: SandboxProcess) -> None:
    page.goto("/connections/new/")
    page.get_by_label("Name").fill("Main")
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_label("Client secret").fill(CLIENT_SECRET)
    page.get_by_text("Addresses at Ecwid").click()
    page.get_by_label("Address of the API").fill(sandbox.api_url)
    page.get_by_role("button", name="Add connection").click()
    page.get_by_role("button", name="Test").click()
    is_told(page, "Ecwid accepts the key of connection Main.")

    page.get_by_text("Pause…").click()
    page.get_by_role("button", name="Pause this connection").click()
    expect(page.locator("#connection-state")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#connection-state")).to_contain_text("Open")


def test_a_template_store_is_added_tested_changed_archived_and_taken_back(page: Page, shop: TemplateStore) -> None:
    page.goto(f"/templates/{shop.pk}/edit/")
    page.get_by_label("Name").fill("Fashion")
    page.get_by_label("Store token").fill(store_token(int(shop.store_id)))
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", level=1, name="Fashion")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(store_token(int(shop.store_id)))
    page.get_by_role("button", name="Test").click()
    is_told(page, f"Store {shop.store_id} answers.")

    page.get_by_text("Archive…").click()
    page.get_by_role("button", name="Archive this template store").click()
    page.get_by_role("button", name="Take back into use").click()
    expect(page.get_by_text("Archive…")).to_be_visible()

    page.goto("/templates/new/")
    page.get_by_label("Store ID").fill("1002")
    page.get_by_label("Name").fill("Household")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1, name="Household")).to_be_visible()


def test_target_stores_are_added_labelled_and_deleted(page: Page) -> None:
    known = TargetStoreFactory.create(store_id="9001")
    page.goto("/targets/new/")
    page.get_by_label("Store IDs").fill("9001 9002 9003")
    page.get_by_role("button", name="Add target stores").click()
    assert TargetStore.objects.filter(connection=known.connection).count() == 3

    page.goto("/targets/?q=9002")
    page.get_by_role("link", name="9002").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Label").fill("Willow Linen")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", level=1, name="Willow Linen")).to_be_visible()
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    assert not TargetStore.objects.filter(store_id="9002").exists()


def test_a_person_gets_a_role_and_a_password_and_is_let_out_and_in(page: Page) -> None:
    sam = staff()
    page.goto(f"/people/{sam.pk}/edit/")
    page.get_by_role("radio", name="Portal admins").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".page-lead")).to_contain_text("Portal admins")

    page.get_by_role("link", name="Set password").click()
    for box in page.locator("input[type=password]").all():
        box.fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    is_told(page, "has a new password")
    page.get_by_text("Deactivate…").click()
    page.get_by_role("button", name="Deactivate this account").click()
    is_told(page, "is deactivated")
    page.get_by_role("button", name="Reactivate").click()
    is_told(page, "can sign in again")
    sam.refresh_from_db()
    assert sam.check_password(NEW_PASSWORD)
    assert sam.is_active
