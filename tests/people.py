"""People of each role, as tests sign them in."""

from functools import cache

from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.auth.models import Group, User

from clones.permissions import Role

PASSWORD = "correct horse battery"


def person(username: str, *roles: Role, password: str = PASSWORD) -> User:
    """Make a person with these roles."""
    user = User.objects.create(
        username=username, email=f"{username}@example.com", password=hashed(password, get_hasher().algorithm)
    )
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return user


@cache
def hashed(password: str, algorithm: str) -> str:
    """Return the password as the database keeps it: slow on purpose, so only once for each."""
    return make_password(password, hasher=algorithm)


def staff(username: str = "sam") -> User:
    """Make one of the reseller's staff."""
    return person(username, Role.STAFF)


def admin(username: str = "ada") -> User:
    """Make one of the portal's admins."""
    return person(username, Role.ADMIN)


def nobody(username: str = "nora") -> User:
    """Make a person without any role."""
    return person(username)
