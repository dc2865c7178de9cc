"""Every page of the demo by its address, and the pages in which states that the demo is not in by itself."""

from dataclasses import dataclass
from typing import Final

from tests.screenshots.visitor import Visitor

ADMIN, STAFF, NOBODY = "admin", "staff", ""


@dataclass(frozen=True)
class Shot:
    """A page, as who sees it. `path` may name places that `find_places` finds."""

    name: str
    path: str
    who: str = ADMIN


def _job(status: str, store: str) -> tuple[str, str]:
    return f"/clones/?status={status}&q={store}", r"/clones/\d+/"


# Name → where a link to it stands, and what the link looks like.
PLACES: Final = {
    "completed": _job("COMPLETED", "9008"),
    "refused": _job("FAILED", "9004"),
    "lost": _job("FAILED", "9028"),
    "broken": _job("FAILED", "9011"),
    "canceled": _job("CANCELED", "9019"),
    "found": _job("COMPLETED", "9016"),
    "settings": _job("COMPLETED", "9033"),
    "batch": ("/batches/?q=Delivery+prices", r"/batches/\d+/"),
    "partly": ("/batches/?q=Weekend+openings", r"/batches/\d+/"),
    "shortened": ("/batches/?q=Christmas+openings%3A+catalog", r"/batches/\d+/"),
    "rest": ("{shortened}", r"/batches/new/\d+/targets/"),
    "draft": ("/batches/new/", r"/batches/new/\d+/"),
    "row": ("{draft}targets/", r"/batches/new/\d+/rows/\d+/"),
    "template": ("/templates/", r"/templates/\d+/"),
    "target": ("/targets/?q=9024", r"/targets/\d+/"),
    "free": ("/targets/?q=9040", r"/targets/\d+/"),
    "connection": ("/connections/", r"/connections/\d+/"),
    "person": ("/people/?q=staff", r"/people/\d+/"),
}

PAGES: Final = (
    Shot("Dashboard", "/", STAFF),
    Shot("Clones", "/clones/", STAFF),
    Shot("Clones, failed", "/clones/?status=FAILED", STAFF),
    Shot("Clones, nothing found", "/clones/?q=nothing-is-called-so", STAFF),
    Shot("New clone", "/clones/new/", STAFF),
    Shot("Clone, completed", "{completed}", STAFF),
    Shot("Clone, mapping", "{completed}#mapping", STAFF),
    Shot("Mapping by itself", "{completed}mapping/", STAFF),
    Shot("Clone, refused", "{refused}", STAFF),
    Shot("Clone, result lost", "{lost}", STAFF),
    Shot("Clone, failed at Ecwid", "{broken}", STAFF),
    Shot("Clone, canceled", "{canceled}", STAFF),
    Shot("Clone, found again", "{found}", STAFF),
    Shot("Clone, settings only", "{settings}", STAFF),
    Shot("Batches", "/batches/", STAFF),
    Shot("New batch", "/batches/new/", STAFF),
    Shot("Wizard, template", "{draft}template/", STAFF),
    Shot("Wizard, targets", "{draft}targets/", STAFF),
    Shot("Wizard, a row", "{row}", STAFF),
    Shot("Wizard, check", "{draft}check/", STAFF),
    Shot("Wizard, review with mistakes", "{draft}review/", STAFF),
    Shot("Wizard, review", "{draft}review/?only_valid=1", STAFF),
    Shot("Batch", "{batch}", STAFF),
    Shot("Batch that left rows out", "{shortened}", STAFF),
    Shot("Wizard, what was left out", "{rest}", STAFF),
    Shot("Batches, held", "/batches/?state=held", STAFF),
    Shot("Batch, partly failed", "{partly}", STAFF),
    Shot("Retry of a batch", "{partly}retry/", STAFF),
    Shot("Clones that need a person", "/clones/?needs=person", STAFF),
    Shot("Templates", "/templates/"),
    Shot("Template", "{template}"),
    Shot("Add a template", "/templates/new/"),
    Shot("Change a template", "{template}edit/"),
    Shot("Targets", "/targets/"),
    Shot("Target", "{target}"),
    Shot("Target, free", "{free}"),
    Shot("Add targets", "/targets/new/"),
    Shot("Change a target", "{target}edit/"),
    Shot("Connections", "/connections/"),
    Shot("Connection", "{connection}"),
    Shot("Add a connection", "/connections/new/"),
    Shot("Change a connection", "{connection}edit/"),
    Shot("People", "/people/"),
    Shot("Person", "{person}"),
    Shot("Add a person", "/people/new/"),
    Shot("Change a person", "{person}edit/"),
    Shot("Password of a person", "{person}password/"),
    Shot("Profile", "/accounts/profile/", STAFF),
    Shot("Change the password", "/accounts/password_change/", STAFF),
    Shot("Password changed", "/accounts/password_change/done/", STAFF),
    Shot("Help", "/help/", STAFF),
    Shot("Help, a page", "/help/first-clone/", STAFF),
    Shot("Log in", "/accounts/login/", NOBODY),
    Shot("Reset the password", "/accounts/password_reset/", NOBODY),
    Shot("Reset: mail sent", "/accounts/password_reset/done/", NOBODY),
    Shot("Reset: bad link", "/accounts/reset/MQ/no-such-link/", NOBODY),
    Shot("Reset: done", "/accounts/reset/done/", NOBODY),
)

EMPTY: Final = (
    Shot("Dashboard", "/"),
    Shot("Clones", "/clones/"),
    Shot("New clone", "/clones/new/"),
    Shot("Batches", "/batches/"),
    Shot("Templates", "/templates/"),
    Shot("Targets", "/targets/"),
    Shot("Connections", "/connections/"),
    Shot("People", "/people/"),
    Shot("Dashboard, staff", "/", STAFF),
    Shot("New clone, staff", "/clones/new/", STAFF),
)

MANY: Final = (
    Shot("Dashboard", "/", STAFF),
    Shot("Clones", "/clones/", STAFF),
    Shot("Clones, 200 a page", "/clones/?per_page=200", STAFF),
    Shot("Batches", "/batches/", STAFF),
    Shot("Targets", "/targets/", STAFF),
)

# While a batch is held.
HELD: Final = (
    Shot("Dashboard", "/", STAFF),
    Shot("Batches", "/batches/?state=held", STAFF),
)

MISTAKES: Final = (
    Shot("New clone", "/clones/new/"),
    Shot("Add a template", "/templates/new/"),
    Shot("Add targets", "/targets/new/"),
    Shot("Add a connection", "/connections/new/"),
    Shot("Add a person", "/people/new/"),
    Shot("Password of a person", "{person}password/"),
)

CLOSED: Final = (
    Shot("Not found", "/no/such/page/", STAFF),
    Shot("Not allowed", "/people/", STAFF),
    Shot("Clones, paused connection", "/clones/", STAFF),
    Shot("Dashboard, paused connection", "/", STAFF),
    Shot("Batches, paused connection", "/batches/", STAFF),
    Shot("New clone, paused connection", "/clones/new/", STAFF),
)


def find_places(admin: Visitor) -> dict[str, str]:
    """Return the paths of PLACES in the demo; a later one may lie behind an earlier one."""
    found: dict[str, str] = {}
    for name, (path, pattern) in PLACES.items():
        found[name] = admin.find(path.format_map(found), pattern)
    return found
