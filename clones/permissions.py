"""Who may do what: the one table of roles. Views ask it at their door; `apps` makes a group of every role."""

from enum import StrEnum
from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.db.models import Exists, OuterRef, QuerySet


class Role(StrEnum):
    """A group of people; the value is the group's name."""

    STAFF = "Reseller staff"
    ADMIN = "Portal admins"


class Capability(StrEnum):
    """Something that a role allows; the value completes "You may not …"."""

    WATCH = "see clones and stores"
    CLONE = "start, retry and cancel clones"
    KEEP_STORES = "add or change stores"
    KEEP_CONNECTIONS = "see or change connections"
    KEEP_PEOPLE = "see or change people"


GRANTS: Final = {
    Role.STAFF: frozenset({Capability.WATCH, Capability.CLONE}),
    Role.ADMIN: frozenset(Capability),
}


def with_roles(users: QuerySet[User]) -> QuerySet[User]:
    """Read the people's roles along with them, in the same query."""
    groups = {_column(role): Exists(Group.objects.filter(name=role.value, user=OuterRef("pk"))) for role in Role}
    return users.annotate(**groups)


def _column(role: Role) -> str:
    return f"is_{role.name.lower()}_of_portal"


def roles_of(user: AbstractBaseUser | AnonymousUser) -> frozenset[Role]:
    """Return the roles that a person has now: none when deactivated. No query where `with_roles` read the person."""
    return held_roles(user) if isinstance(user, User) and user.is_active else frozenset()


def held_roles(user: User) -> frozenset[Role]:
    """Return the roles that a person has, or would have when reactivated; a superuser counts as an admin."""
    if not hasattr(user, _column(Role.ADMIN)):
        names = set(user.groups.values_list("name", flat=True))
        for role in Role:
            setattr(user, _column(role), role.value in names)
    roles = {role for role in Role if getattr(user, _column(role))}
    return frozenset(roles | {Role.ADMIN} if user.is_superuser else roles)


def main_role(user: User) -> Role | None:
    """Return the one of the held roles that allows most; None: there is none."""
    return max(held_roles(user), key=lambda role: len(GRANTS[role]), default=None)


def may(user: AbstractBaseUser | AnonymousUser, capability: Capability) -> bool:
    """Tell whether one of the person's roles allows it."""
    return any(capability in GRANTS[role] for role in roles_of(user))


def role_for(capability: Capability) -> Role:
    """Return the role that a person would need, the least one of them."""
    return next(role for role in Role if capability in GRANTS[role])


def words_for(role: Role) -> str:
    """Write what a role allows, as the end of a sentence that begins with "may"."""
    return "; ".join(capability for capability in Capability if capability in GRANTS[role])


def make_groups(using: str) -> None:
    """Make a group of every role. Idempotent."""
    for role in Role:
        Group.objects.using(using).get_or_create(name=role.value)
