"""How the pages say what state a connection is in, what that means and what to do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django import template

from clones.choices import BlockReason
from clones.models import Connection

register = template.Library()


@dataclass(frozen=True)
class State:
    """A state in words. `meaning` and `advice` are for the connection's own page; `is_stopped`: by Ecwid."""

    label: str
    tone: str
    icon: str
    meaning: str
    advice: str = ""
    until_words: str = ""
    is_paused: bool = False
    is_stopped: bool = False


_OPEN: Final = State("Open", "green", "check-circle", "Requests are sent as the clones need them.")
_PAUSED: Final = State(
    "Paused",
    "yellow",
    "pause-circle",
    "The portal sends nothing. What waits goes on waiting; clones that Ecwid is running go on there, and the portal "
    "learns of their end after “Resume”.",
    is_paused=True,
)
_LIMITED: Final = State(
    "Rate limit reached",
    "orange",
    "clock",
    "Ecwid answered that there were too many requests, so the portal sends nothing for a while.",
    "There is nothing to do: it goes on by itself. Where it happens often, another program uses the same key: give "
    "this connection fewer requests a minute.",
    "Goes on",
    is_stopped=True,
)
_REFUSED: Final = State(
    "Key refused",
    "red",
    "x-circle",
    "Ecwid does not accept the key. The portal sends one request an hour with it, to see whether it works again.",
    "Compare client ID and client secret with those at Ecwid, and ask Ecwid whether the application has the scopes "
    "“clone_stores”, “create_stores” and “read_stores”. Then press “Test”: where the key is accepted, all goes on.",
    "Tried again",
    is_stopped=True,
)
_TRIED: Final = State(
    "Key being tried again",
    "orange",
    "arrow-path",
    "Ecwid did not accept the key. The next request tries it once more.",
    "Press “Test” to try it now: where the key is accepted, all goes on.",
    is_stopped=True,
)


@register.filter
def state(connection: Connection, now: datetime) -> State:
    """Return the state of a connection at `now`. A pause comes first: it is somebody's wish."""
    if connection.paused_at:
        return _PAUSED
    if connection.block_reason == BlockReason.CREDENTIALS:
        return _REFUSED if connection.is_blocked(now) else _TRIED
    return _LIMITED if connection.is_blocked(now) else _OPEN
