"""Reading the names that Ecwid gives to clones."""

import re

_LONGEST = 100
_TICKET = re.compile(rf"[\x21-\x7e]{{1,{_LONGEST}}}")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_AT_THE_END = re.compile(rf"in progress with ticket\W+({_UUID})\W*$", re.IGNORECASE | re.ASCII)


def clean_ticket(ticket: str) -> str | None:
    """The ticket without stray backslashes and blanks; None where nothing usable is left (at most 100 characters)."""
    cleaned = "".join(ticket.replace("\\", "").split())
    return cleaned if _TICKET.fullmatch(cleaned) else None


def ticket_in_message(message: str) -> str | None:
    """The uuid at the end of "… in progress with ticket <uuid>", as the refusal of a busy target says it."""
    found = _AT_THE_END.search(message.replace("\\", ""))
    return found.group(1) if found else None
