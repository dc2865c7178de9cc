"""What every page shows around itself: the menu, what stands still, and whether any of it is real."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from clones.middleware import PAGE_SIZES, profile_of
from clones.models import Connection
from clones.permissions import Capability, may, roles_of
from clones.standstill import all_connections, standstills, token_of


@dataclass(frozen=True)
class Entry:
    """A line of the menu. `url` is a URL's name; pages whose address starts with it belong to it.

    Without a `capability` it is for everybody who has signed in.
    """

    label: str
    url: str
    icon: str
    capability: Capability | None = None


MENU: Final = (
    Entry("Dashboard", "clones:dashboard", "home", Capability.WATCH),
    Entry("Clones", "clones:job_list", "square-2-stack", Capability.WATCH),
    Entry("Batches", "clones:batch_list", "queue-list", Capability.WATCH),
    Entry("Templates", "clones:template_list", "bookmark", Capability.WATCH),
    Entry("Targets", "clones:target_list", "building-storefront", Capability.WATCH),
    Entry("Connections", "clones:connection_list", "link", Capability.KEEP_CONNECTIONS),
    Entry("People", "clones:person_list", "users", Capability.KEEP_PEOPLE),
    Entry("Help", "clones:help_index", "question-mark-circle"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` needs, as functions: a fragment that does not ask for them costs nothing.

    A context processor, so it also runs for error pages.
    """
    if not hasattr(request, "user"):  # a request that was refused before it got one
        return {}
    seen = cache(lambda: around(all_connections(), timezone.now()))  # of this page
    return {
        "menu": partial(_menu, request),
        "profile": partial(profile_of, request),
        "may": partial(_permissions, request),
        "roles": partial(roles_of, request.user),
        "page_sizes": PAGE_SIZES,
        "standstills": lambda: seen()["standstills"],
        "only_sandboxes": lambda: seen()["only_sandboxes"],
    }


def _menu(request: HttpRequest) -> list[tuple[Entry, str, bool]]:
    """Return (entry, address, whether the page belongs to it): its own starts with that one's."""
    seen = (entry for entry in MENU if entry.capability is None or may(request.user, entry.capability))
    entries = {reverse(entry.url): entry for entry in seen}
    home = reverse(MENU[0].url)  # every address starts with this one

    def is_here(address: str) -> bool:
        return request.path == home if address == home else request.path.startswith(address)

    return [(entry, address, is_here(address)) for address, entry in entries.items()]


def around(connections: list[Connection], now: datetime, *, works: bool | None = None) -> dict[str, Any]:
    """Return what every page tells of the connections; for a view that has read them, and whether a worker `works`."""
    found = standstills(connections, now, works=works)
    return {
        "standstills": {"found": found, "token": token_of(found)},
        "only_sandboxes": bool(connections) and all(each.is_sandbox for each in connections),
    }


def _permissions(request: HttpRequest) -> dict[str, bool]:
    return {capability.name: may(request.user, capability) for capability in Capability}
