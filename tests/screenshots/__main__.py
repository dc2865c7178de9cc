"""`make screenshots`: pictures of the real demo for the documents, and a contact sheet of every page in every state."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from clones.demo.sandbox import API_PATH, PACE, SandboxControl
from tests.browser.chromium import launch_options
from tests.demo.demo_process import ROOT, DemoProcess
from tests.screenshots import pictures
from tests.screenshots.pages import ADMIN, CLOSED, EMPTY, HELD, MANY, MISTAKES, NOBODY, PAGES, STAFF, Shot, find_places
from tests.screenshots.portals import demo, empty_portal
from tests.screenshots.sheet import Sheet
from tests.screenshots.visitor import Screen, visitor

SHEET: Final = ROOT / "var" / "screenshots"
MANY_STORES: Final = range(9201, 9321)
FULL_AMONG_MANY: Final = 30  # one in so many has products: four in all, since a fifth would hold the batch
FULL_STORES: Final = range(20_001, 20_041)  # have products; more than are sent before some are refused
PREPARED_STORES: Final = " ".join(["12a", "1001", *map(str, range(9301, 9321)), "9301"])
UNHURRIED_SECONDS: Final = 30.0  # a clone, so that a picture shows it in progress
_COMPLETED_SOME: Final = re.compile(r"[1-9]\d of \d+ completed")
_PARTLY_FAILED: Final = re.compile("Partly failed")
_HELD: Final = re.compile("Held")


def main() -> None:
    """Take all pictures anew, and say where they are."""
    shutil.rmtree(SHEET, ignore_errors=True)
    sheet = Sheet(SHEET)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        with demo(Path(folder)) as process:
            Demo(browser, process, sheet).show()
        with empty_portal(Path(folder) / "empty") as (root, accounts):
            Portal(browser, root, accounts, sheet).show_pages("Empty", Screen.LIGHT, EMPTY)
        page = sheet.write(browser)
        browser.close()
    print(f"Pictures for the documents: {pictures.FOLDER}\nContact sheet: {page}, and contact-sheet.png beside it")  # noqa: T201


class Portal:
    """A portal that is photographed page by page."""

    def __init__(self, browser: Browser, root: str, accounts: Mapping[str, str], sheet: Sheet) -> None:
        self.browser = browser
        self.root = root
        self.accounts = accounts
        self.sheet = sheet

    def show_pages(
        self, section: str, screen: Screen, shots: Iterable[Shot], places: Mapping[str, str] | None = None
    ) -> None:
        """Photograph pages, each as who may see it."""
        wanted = list(shots)
        for who in (STAFF, ADMIN, NOBODY):
            with visitor(self.browser, self.root, screen, self.account(who)) as somebody:
                for shot in (shot for shot in wanted if shot.who == who):
                    somebody.open(shot.path.format_map(places or {}))
                    somebody.shoot(self.sheet.place(section, shot.name))

    def account(self, who: str) -> tuple[str, str] | None:
        """Return somebody's user name and password."""
        return (who, self.accounts[who]) if who else None


class Demo(Portal):
    """The demo: in its first minutes, then in states that it is brought into."""

    def __init__(self, browser: Browser, process: DemoProcess, sheet: Sheet) -> None:
        super().__init__(browser, process.address, process.passwords, sheet)
        self.sandbox = SandboxControl(process.sandbox_address + API_PATH)

    def show(self) -> None:
        """Take the documents' pictures while the first clones run, then every page in every state."""
        with visitor(self.browser, self.root, Screen.LIGHT, self.account(ADMIN)) as admin:
            admin.prepare("Corner shop", PREPARED_STORES)
            places = find_places(admin)
        self._take_pictures(places)
        for screen in Screen:
            self.show_pages(f"Few: {screen.name.lower()}", screen, PAGES, places)
        self._show_mistakes(places)
        self._show_many()
        self._show_held()
        self._show_closed_doors(places)

    def _take_pictures(self, places: Mapping[str, str]) -> None:
        self.sandbox.pace(minimum_seconds=UNHURRIED_SECONDS)
        for picture in pictures.PICTURES:
            with visitor(self.browser, self.root, picture.screen, self.account(STAFF)) as staff:
                picture.pose(staff, places)
                staff.shoot(pictures.FOLDER / picture.name)
        self.sandbox.pace(**PACE)

    def _show_mistakes(self, places: Mapping[str, str]) -> None:
        """Send forms with nothing in them."""
        with visitor(self.browser, self.root, Screen.LIGHT, self.account(ADMIN)) as admin:
            for shot in MISTAKES:
                admin.open(shot.path.format_map(places))
                admin.send_empty_form()
                admin.shoot(self.sheet.place("Failed: forms with mistakes", shot.name))

    def _show_many(self) -> None:
        """Clone into many stores, and look while they run; some are refused."""
        for number in MANY_STORES:
            self.sandbox.put_store(str(number), f"Market stall {number}", products=int(number % FULL_AMONG_MANY == 0))
        with visitor(self.browser, self.root, Screen.LIGHT, self.account(STAFF)) as staff:
            staff.launch("Corner shop", MANY_STORES)
            staff.see_going(_COMPLETED_SOME)
            staff.shoot(self.sheet.place("Many: running", "Batch"))
            self.show_pages("Many: running", Screen.LIGHT, MANY)
            staff.see_going(_PARTLY_FAILED)
            staff.shoot(self.sheet.place("Many: failed", "Batch"))
        for screen in Screen:
            self.show_pages(f"Many: {screen.name.lower()}", screen, MANY)

    def _show_held(self) -> None:
        """Clone into stores that are all refused, until the rest waits for a person."""
        for number in FULL_STORES:
            self.sandbox.put_store(str(number), f"Full shelf {number}", products=1)
        self.sandbox.pace(minimum_seconds=UNHURRIED_SECONDS)
        with visitor(self.browser, self.root, Screen.LIGHT, self.account(STAFF)) as staff:
            staff.launch("Corner shop", FULL_STORES)
            staff.see_going(_HELD)
            batch = staff.page.url
            for screen in Screen:
                with visitor(self.browser, self.root, screen, self.account(STAFF)) as somebody:
                    for name, path in (("Batch", batch), ("Retry of it", f"{batch}retry/")):
                        somebody.page.goto(path)
                        somebody.shoot(self.sheet.place(f"Held: {screen.name.lower()}", name))
                self.show_pages(f"Held: {screen.name.lower()}", screen, HELD)
        self.sandbox.pace(**PACE)

    def _show_closed_doors(self, places: Mapping[str, str]) -> None:
        with visitor(self.browser, self.root, Screen.LIGHT, self.account(ADMIN)) as admin:
            admin.open(places["connection"])
            admin.page.get_by_text("Pause…").click()
            admin.page.get_by_role("button", name="Pause this connection").click()
            admin.page.get_by_role("button", name="Resume").first.wait_for()
            admin.shoot(self.sheet.place("Stopped, and closed doors", "Connection, paused"))
        self.show_pages("Stopped, and closed doors", Screen.LIGHT, CLOSED)


if __name__ == "__main__":
    main()
