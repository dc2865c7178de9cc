"""Somebody before the browser who signs in, finds things by what they are called, and takes pictures."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.look import PHONE

DESK: Final = ViewportSize(width=1280, height=800)
PATIENCE_MILLISECONDS: Final = 60_000


class Screen(Enum):
    """How a page is looked at; the value is a context's options."""

    LIGHT = {"viewport": DESK, "color_scheme": "light"}
    DARK = {"viewport": DESK, "color_scheme": "dark"}
    PHONE = {"viewport": PHONE, "color_scheme": "light"}

    @property
    def options(self) -> dict[str, Any]:
        """What Playwright makes such a screen of."""
        return dict(self.value)


@dataclass
class Visitor:
    """A page of a portal at `root`, perhaps of somebody who is signed in."""

    page: Page
    root: str

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        self.open("/accounts/login/")
        self.page.get_by_label("User name").or_(self.page.locator("[name=username]")).first.fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("main form button.btn-primary").or_(self.page.locator("button[type=submit]")).first.click()
        self.page.wait_for_url(f"{self.root}/")

    def open(self, path: str) -> None:
        """Go to an address of the portal."""
        self.page.goto(self.root + path)

    def find(self, path: str, pattern: str) -> str:
        """Return the first link on the page at `path` whose whole path is `pattern`."""
        self.open(path)
        links = self.page.locator("main a[href]").evaluate_all("all => all.map(link => link.pathname)")
        found: str = next(link for link in links if re.fullmatch(pattern, link))
        return found

    def launch(self, template: str, stores: Iterable[int], *, send: bool = True) -> None:
        """Fill in the form for a new clone, and send it."""
        self.open("/clones/new/")
        self.page.get_by_text(template).first.click()
        self.page.locator("[name=targets]").fill("\n".join(map(str, stores)))
        if send:
            self.page.get_by_role("button", name="Start cloning").click()

    def prepare(self, template: str, stores: str) -> None:
        """Begin a batch in the wizard and paste stores into it."""
        self.open("/batches/new/")
        self.page.get_by_role("button", name="Begin a new batch").click()
        self.page.get_by_text(template).first.click()
        self.page.get_by_role("button", name="Save, and on").click()
        self.page.locator("[name=pasted]").fill(stores)
        self.page.get_by_role("button", name="Make a list").click()
        self.page.locator(".draft-count").wait_for()

    def see_going(self, state: re.Pattern[str]) -> None:
        """Watch a batch until its progress says so, however long that takes, as long as it goes on."""
        progress = self.page.locator(".batch-progress")
        while not state.search(words := progress.text_content() or ""):
            expect(progress, "the batch has come to a halt").not_to_have_text(words, timeout=PATIENCE_MILLISECONDS)

    def send_empty_form(self) -> None:
        """Empty the form on the page and send it, and wait for what is said about it."""
        form = self.page.locator("main form[method=post]").first
        for box in form.locator("input[type=text]:visible, textarea:visible").all():
            box.fill("")
        form.locator("button.btn-primary").click()
        self.page.locator("[aria-invalid=true]").first.wait_for()

    def shoot(self, file: Path) -> None:
        """Take a picture of what the screen shows, once it stands still."""
        self.page.evaluate("document.fonts.ready")
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, animations="disabled", caret="hide")


@contextmanager
def visitor(browser: Browser, root: str, screen: Screen, account: tuple[str, str] | None = None) -> Iterator[Visitor]:
    """Yield a visitor in a browser of its own; `account`: user name and password."""
    context = browser.new_context(**screen.options, reduced_motion="reduce", timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        somebody = Visitor(context.new_page(), root)
        if account:
            somebody.sign_in(*account)
        yield somebody
    finally:
        context.close()
