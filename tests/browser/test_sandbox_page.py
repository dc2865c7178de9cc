"""The sandbox's own page, as a trainer sees it: accessible, no wider than the screen, without a complaint."""

from playwright.sync_api import Page, expect

from tests.browser.look import faults
from tests.sandbox_process import SandboxProcess


def test_the_sandboxs_page_reads_well_on_every_screen(page: Page, sandbox: SandboxProcess) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    sandbox.add_store(7, name="L" + "o" * 190 + "ng", owner_email=f"{'a' * 150}@example.com")
    sandbox.fault("html", call="profile")

    page.goto(sandbox.page_url)

    expect(page.get_by_role("heading", name="Test stores")).to_be_visible()
    assert faults(page) == []
    assert complaints == []
