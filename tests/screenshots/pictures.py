"""The pictures that README and the documents show, in docs/pictures: small ones, of the demo in its first minutes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.screenshots.visitor import Screen, Visitor

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures"
LARGEST_BYTES: Final = 150_000
LAUNCHED: Final = range(9035, 9038)
DRAFT: Final = "Market day"  # which the demo comes with


@dataclass(frozen=True)
class Picture:
    """A file's name, and how the page comes to look so. `pose` gets the places that `find_places` found."""

    name: str
    pose: Callable[[Visitor, Mapping[str, str]], None]
    screen: Screen = Screen.LIGHT


def _dashboard(staff: Visitor, _: Mapping[str, str]) -> None:
    staff.open("/")


def _new_clone(staff: Visitor, _: Mapping[str, str]) -> None:
    staff.launch("Corner shop", LAUNCHED, send=False)


def _batch(staff: Visitor, _: Mapping[str, str]) -> None:
    """Launch what the picture before shows, and catch it on its way."""
    staff.launch("Corner shop", LAUNCHED)
    staff.page.get_by_text("In progress").first.wait_for()


def _wizard(staff: Visitor, _: Mapping[str, str]) -> None:
    """Go on with a list that has mistakes."""
    staff.open("/batches/new/")
    staff.page.locator("li").filter(has_text=DRAFT).get_by_role("link", name="Go on").click()
    staff.page.locator(".draft-counts").evaluate("counts => counts.scrollIntoView()")


def _mapping(staff: Visitor, places: Mapping[str, str]) -> None:
    staff.open(places["completed"])
    staff.page.get_by_role("heading", name="Old IDs → new IDs").evaluate("heading => heading.scrollIntoView()")


def _failed(staff: Visitor, places: Mapping[str, str]) -> None:
    staff.open(places["refused"])


PICTURES: Final = (
    Picture("dashboard.png", _dashboard),
    Picture("new-clone.png", _new_clone),
    Picture("batch.png", _batch),
    Picture("wizard.png", _wizard),
    Picture("mapping.png", _mapping),
    Picture("failed.png", _failed),
    Picture("phone.png", _dashboard, Screen.PHONE),
)
