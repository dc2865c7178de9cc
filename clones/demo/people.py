"""The demo's two users, with passwords that are made anew for each demo and told at each start."""

import secrets
from typing import Final

from django.contrib.auth.models import User

from clones.operations.people import PersonFacts, add_person
from clones.permissions import Role

ADMIN: Final = "admin"
STAFF: Final = "staff"
MAY: Final = {ADMIN: "keeps stores, connections and people", STAFF: "starts and watches clones"}

_FACTS: Final = (
    PersonFacts(ADMIN, "Demo", "Admin", "admin@example.com", Role.ADMIN),
    PersonFacts(STAFF, "Demo", "Staff", "staff@example.com", Role.STAFF),
)
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


def add_people() -> dict[str, str]:
    """Add both, and return their passwords by user name."""
    accounts = {facts.username: _password() for facts in _FACTS}
    for facts in _FACTS:
        add_person(facts, accounts[facts.username], by=User(username="make demo"))
    return accounts


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def sentences(accounts: dict[str, str]) -> list[str]:
    """Return a line for each user: name, password, what he or she may do."""
    people = User.objects.in_bulk(list(accounts), field_name="username")
    return [_sentence(name, password, people.get(name)) for name, password in accounts.items()]


def _sentence(name: str, password: str, person: User | None) -> str:
    """Leave out a password that has been changed in the portal since."""
    if person is None or not person.is_active:
        return f"{name}: renamed or deactivated in the portal since"
    shown = password if person.check_password(password) else "(changed in the portal since)"
    return f"user {name:<6} password {shown}   {MAY[name]}"
