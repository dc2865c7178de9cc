"""What every page must be on every screen, light and dark: accessible, and no wider than the screen."""

from dataclasses import dataclass
from typing import Literal

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, ViewportSize

WIDE = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)

_AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
# What sticks out of the page, named, so that a failing test says what to mend.
_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.querySelectorAll("main *")].filter((part) => part.getBoundingClientRect().right > width + 1);
  return out.slice(0, 5).map((part) => part.outerHTML.slice(0, 120)).concat("(page wider than the screen)");
}"""


@dataclass(frozen=True)
class Screen:
    """A size and a colour scheme."""

    size: ViewportSize
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.size['width']} {self.scheme}"


# Each width once and each scheme once: colours hang on the scheme, places on the width.
SCREENS = (Screen(WIDE, "light"), Screen(PHONE, "dark"))


def faults(page: Page) -> list[str]:
    """Return what is wrong with the page as it stands now, on all screens; leaves it on a wide light one."""
    page.evaluate(_AXE)
    found = [f"{screen}: {fault}" for screen in SCREENS for fault in _faults_on(page, screen)]
    _show_on(page, SCREENS[0])
    return found


def _show_on(page: Page, screen: Screen) -> None:
    page.set_viewport_size(screen.size)
    page.emulate_media(color_scheme=screen.scheme)


def _faults_on(page: Page, screen: Screen) -> list[str]:
    _show_on(page, screen)
    violations = page.evaluate(_RUN)
    said = [f"{found['id']}: {found['help']}: {found['nodes'][0]['html'][:200]}" for found in violations]
    return said + [f"too wide: {part}" for part in page.evaluate(_TOO_WIDE)]
