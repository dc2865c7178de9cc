"""Owners' e-mails: who has one, which are fit, and the faults that the documented test e-mails bring with them."""

import json
import re
import threading

from clones.sandbox.calls import Call
from clones.sandbox.faults import Fault
from clones.sandbox.models import Store
from clones.sandbox.testemails import known_email

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
LONGEST = 200  # the column's

_struck: set[str] = set()  # those of `once`, until the faults are cleared
_lock = threading.Lock()


def is_email(text: object) -> bool:
    """Tell whether a store's owner can have this e-mail."""
    return isinstance(text, str) and len(text) <= LONGEST and EMAIL.fullmatch(text) is not None


def is_taken(email: str) -> bool:
    """Tell whether a store has that e-mail."""
    return Store.objects.filter(owner_email__iexact=email).exists()


def take_for_email(call: Call) -> Fault | None:
    """Return the fault that the call's e-mail brings with it, None where it brings none."""
    if call.name not in {"store_create", "store_lookup"}:
        return None
    email = _email_of(call)
    known = known_email(email)
    if known is None:
        return None
    spec = known.look_up if call.name == "store_lookup" else known.create
    if spec is None or (call.name == "store_create" and is_taken(email)):
        return None
    if known.once and not _strikes_first(email):
        return None
    return Fault.of(spec)


def forget_struck() -> None:
    """Let the e-mails that strike once do so again."""
    with _lock:
        _struck.clear()


def _strikes_first(email: str) -> bool:
    with _lock:
        is_first = email not in _struck
        _struck.add(email)
    return is_first


def _email_of(call: Call) -> str:
    """Return the e-mail in the body or in the address, "" where there is none that can be read."""
    if call.name == "store_lookup":
        return call.request.GET.get("email", "")
    try:
        return str(json.loads(call.sent)["merchant"]["email"])
    except (ValueError, TypeError, KeyError):
        return ""
