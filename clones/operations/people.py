"""The portal's people, as an administrator keeps them. Nobody is deleted: what somebody did keeps a name."""

import logging
from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from clones.operations.errors import InvalidRequestError, about
from clones.operations.names import check_name
from clones.permissions import Role

logger = logging.getLogger(__name__)

_ADMINS = Q(is_superuser=True) | Q(groups__name=Role.ADMIN.value)


@dataclass(frozen=True)
class PersonFacts:
    """Who somebody is, and what he or she may do."""

    username: str
    first_name: str
    last_name: str
    email: str
    role: Role


def add_person(facts: PersonFacts, password: str, by: User) -> User:
    """Add somebody who may sign in at once. Raises InvalidRequestError."""
    person = User()
    with transaction.atomic():
        _fill(person, facts)
        _check_password(person, password)
        person.set_password(password)
        _save(person)
        _give(person, facts.role)
    _log(person, "added", by)
    return person


def change_person(person: User, facts: PersonFacts, by: User) -> None:
    """Change somebody's names, address and role: `person` is so afterwards, in part also where this is refused.

    Raises InvalidRequestError, also for an admin who gives his or her own role away.
    """
    _check_rank(person, by)
    with transaction.atomic():
        if _is_demotion(person, facts.role):
            _check_dispensable(person, by, "role")
        _fill(person, facts)
        _save(person, "username", "first_name", "last_name", "email")
        _give(person, facts.role)
    _log(person, "changed", by)


def deactivate_person(person: User, by: User) -> None:
    """Switch an account off; its sessions end with the next request. Raises InvalidRequestError. Idempotent."""
    _check_rank(person, by)
    with transaction.atomic():
        _check_dispensable(person, by)
        person.is_active = False
        person.save(update_fields=["is_active"])
    _log(person, "deactivated", by)


def reactivate_person(person: User, by: User) -> None:
    """Switch an account on again. Raises InvalidRequestError. Idempotent."""
    _check_rank(person, by)
    person.is_active = True
    person.save(update_fields=["is_active"])
    _log(person, "reactivated", by)


def set_password(person: User, password: str, by: User) -> None:
    """Give somebody a new password, which ends all of that person's sessions. Raises InvalidRequestError."""
    _check_rank(person, by)
    _check_password(person, password)
    person.set_password(password)
    person.save(update_fields=["password"])
    _log(person, "given a new password", by)


def _fill(person: User, facts: PersonFacts) -> None:
    """Fill in what was typed. Expects a transaction."""
    address_before = person.email
    person.username = User.normalize_username(facts.username.strip())
    person.first_name, person.last_name = facts.first_name.strip(), facts.last_name.strip()
    person.email = User.objects.normalize_email(facts.email.strip())
    for name in ("first_name", "last_name"):
        with about(name):
            check_name(getattr(person, name))
    try:
        person.clean_fields(exclude=["password"])
    except ValidationError as error:
        field, said = next(iter(error.message_dict.items()))
        raise InvalidRequestError(" ".join(said), field) from None
    if User.objects.filter(username__iexact=person.username).exclude(pk=person.pk).exists():
        raise _taken(person)
    if person.email.lower() != address_before.lower():  # some share one since before that was refused
        _check_address(person)


def _check_address(person: User) -> None:
    """Refuse the address of somebody else: who reads its mails could set the passwords of both."""
    if not person.email:
        return
    _one_after_the_other()
    for other in User.objects.filter(email__iexact=person.email).exclude(pk=person.pk)[:1]:
        message = f"“{person.email}” is the address of “{other}” already: each person has one of their own, or none."
        raise InvalidRequestError(message, "email")


def _save(person: User, *columns: str) -> None:
    try:
        with transaction.atomic():
            person.save(update_fields=columns or None)
    except IntegrityError:  # somebody took the name since it was looked for
        raise _taken(person) from None


def _taken(person: User) -> InvalidRequestError:
    return InvalidRequestError(f"The user name “{person.username}” is taken: choose another one.", "username")


def _check_password(person: User, password: str) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise InvalidRequestError(" ".join(error.messages), "password") from None


def _check_rank(person: User, by: User) -> None:
    if person.is_superuser and not by.is_superuser:
        raise InvalidRequestError("A superuser is changed by superusers only.")


def _is_demotion(person: User, role: Role) -> bool:
    """Tell whether an admin would be none afterwards; a superuser is one in any case."""
    is_admin = person.groups.filter(name=Role.ADMIN.value).exists()
    return is_admin and role is not Role.ADMIN and not person.is_superuser


def _check_dispensable(person: User, by: User, field: str = "") -> None:
    """Refuse to take the portal away from oneself, or from its last admin. Expects a transaction."""
    if person.pk == by.pk:
        raise InvalidRequestError("You cannot take this away from yourself: ask another admin.", field)
    _one_after_the_other()  # two admins who switch each other off at one instant would leave none
    admins = set(User.objects.filter(_ADMINS, is_active=True).values_list("pk", flat=True))
    if admins == {person.pk}:
        raise InvalidRequestError("This is the only admin: make somebody else an admin first.", field)


def _one_after_the_other() -> None:
    """Let whoever else calls this wait until the transaction ends. What is read after it stands."""
    Group.objects.select_for_update(no_key=True).get(name=Role.ADMIN.value)


def _give(person: User, role: Role) -> None:
    """Put somebody into the group of one role, out of the others."""
    person.groups.remove(*Group.objects.filter(name__in=[each.value for each in Role]).exclude(name=role.value))
    person.groups.add(Group.objects.get(name=role.value))


def _log(person: User, what: str, by: User) -> None:
    logger.info("Account %s was %s by %s", person, what, by)
