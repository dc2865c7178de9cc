"""Keeping the portal's people."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from clones.operations.errors import InvalidRequestError
from clones.operations.people import (
    PersonFacts,
    add_person,
    change_person,
    deactivate_person,
    reactivate_person,
    set_password,
)
from clones.permissions import Role, roles_of
from tests.operations.refusals import field_of
from tests.people import PASSWORD, admin, person, staff
from tests.together import at_once

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "plum cake with cream"
RITA = PersonFacts("rita", "Rita", "Example", "rita@example.com", Role.STAFF)


@pytest.fixture(autouse=True)
def quick_hashes(settings: Settings) -> None:
    """Hash passwords in no time: how well is Django's affair."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def facts_of(user: User, role: Role) -> PersonFacts:
    return PersonFacts(user.username, user.first_name, user.last_name, user.email, role)


def row_of(user: User) -> User:
    return User.objects.get(pk=user.pk)


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def signed_in(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    assert client.login(username=user.username, password=password)
    return client


def is_signed_in(client: Client) -> bool:
    """Ask for a page that everybody who is signed in may see."""
    return client.get("/accounts/profile/").status_code == 200


def superuser() -> User:
    return User.objects.create_superuser("root", "root@example.com", PASSWORD)


@pytest.mark.parametrize("role", Role)
def test_somebody_new_can_sign_in_and_has_the_one_role(role: Role) -> None:
    added = add_person(replace(RITA, role=role), NEW_PASSWORD, admin())

    row = row_of(added)
    assert (row.username, row.first_name, row.last_name, row.email) == ("rita", "Rita", "Example", "rita@example.com")
    assert (groups_of(row), row.is_superuser, row.is_staff) == ({role.value}, False, False)
    assert is_signed_in(signed_in(row, NEW_PASSWORD))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(RITA, username=""), "username"),
        (replace(RITA, username="with space"), "username"),
        (replace(RITA, username="r" * 151), "username"),
        (replace(RITA, username="ADA"), "username"),
        (replace(RITA, first_name="Ri\nta"), "first_name"),
        (replace(RITA, last_name="Ex\x00ample"), "last_name"),
        (replace(RITA, last_name="e" * 151), "last_name"),
        (replace(RITA, email="rita"), "email"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_names_its_field_and_adds_nobody(wrong: PersonFacts, field: str) -> None:
    ada = admin("ada")

    assert field_of(lambda: add_person(wrong, NEW_PASSWORD, ada)) == field

    assert list(User.objects.all()) == [ada]


@pytest.mark.parametrize("password", ["", "7-signs", "password123", "rita.example"])
def test_a_weak_password_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        add_person(replace(RITA, email="rita.example@example.com"), password, admin())

    assert raised.value.field == "password"
    assert not password or password not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert not User.objects.filter(username="rita").exists()


def test_an_address_is_optional() -> None:
    assert row_of(add_person(replace(RITA, email=""), NEW_PASSWORD, admin())).email == ""


@pytest.mark.parametrize("address", ["sam@example.com", "SAM@Example.com"])
def test_an_address_that_somebody_has_is_refused_and_named(address: str) -> None:
    ada, sam = admin(), staff()
    bo = person("bo", Role.STAFF)
    deactivate_person(sam, ada)  # back again, two would have it

    with pytest.raises(InvalidRequestError, match="is the address of “sam” already") as added:
        add_person(replace(RITA, email=address), NEW_PASSWORD, ada)
    with pytest.raises(InvalidRequestError, match="is the address of “sam” already") as changed:
        change_person(bo, replace(facts_of(bo, Role.STAFF), email=address), ada)

    assert (added.value.field, changed.value.field) == ("email", "email")
    assert not User.objects.filter(username="rita").exists()
    assert row_of(bo).email == "bo@example.com"


def test_somebody_may_write_their_own_address_otherwise() -> None:
    sam = staff()

    change_person(sam, replace(facts_of(sam, Role.STAFF), email="SAM@example.com"), admin())

    assert row_of(sam).email == "SAM@example.com"


def test_two_who_share_an_address_already_may_be_changed_otherwise() -> None:
    ada, sam = admin(), staff()
    User.objects.create_user("bo", "Sam@example.com", PASSWORD)

    change_person(sam, replace(facts_of(sam, Role.STAFF), first_name="Sam"), ada)

    assert row_of(sam).first_name == "Sam"


def test_any_number_of_people_may_have_no_address() -> None:
    ada, sam = admin(), staff()
    User.objects.create_user("bo", "", PASSWORD)

    change_person(sam, replace(facts_of(sam, Role.STAFF), email=""), ada)

    assert row_of(sam).email == ""


@pytest.mark.django_db(transaction=True)
def test_of_two_who_are_given_one_address_at_one_instant_one_gets_it() -> None:
    ada = admin()
    both = [replace(RITA, username=name) for name in ("rita", "rosa")]

    said = at_once(*(partial(add_person, facts, NEW_PASSWORD, ada) for facts in both))

    assert sorted(map(bool, said)) == [False, True]
    assert User.objects.filter(email="rita@example.com").count() == 1


def test_names_address_and_role_are_changed_and_other_groups_kept() -> None:
    sam = staff()
    sam.groups.add(Group.objects.create(name="Newsletter"))

    change_person(sam, PersonFacts("sam", "Sam", "Sample", "new@example.com", Role.ADMIN), admin())

    row = row_of(sam)
    assert (row.first_name, row.last_name, row.email) == ("Sam", "Sample", "new@example.com")
    assert groups_of(row) == {Role.ADMIN.value, "Newsletter"}


def test_who_had_both_roles_has_the_one_that_was_chosen() -> None:
    both = person("bo", *Role)

    change_person(both, facts_of(both, Role.STAFF), admin())

    assert roles_of(row_of(both)) == {Role.STAFF}


def test_a_change_keeps_the_password_and_the_session() -> None:
    sam = staff()
    client = signed_in(sam)

    change_person(sam, replace(facts_of(sam, Role.ADMIN), first_name="Sam"), admin())

    assert is_signed_in(client)


def test_an_admin_may_change_everything_about_himself_but_the_role() -> None:
    ada = admin()
    admin("bea")

    change_person(ada, replace(facts_of(ada, Role.ADMIN), first_name="Ada"), ada)
    assert row_of(ada).first_name == "Ada"

    assert field_of(lambda: change_person(ada, facts_of(ada, Role.STAFF), ada)) == "role"
    assert roles_of(row_of(ada)) == {Role.ADMIN}


def test_nobody_deactivates_himself() -> None:
    ada = admin()
    admin("bea")

    with pytest.raises(InvalidRequestError, match="ask another admin"):
        deactivate_person(ada, ada)

    assert row_of(ada).is_active


def test_another_admin_is_demoted_while_one_is_left() -> None:
    ada, bea = admin("ada"), admin("bea")

    change_person(bea, facts_of(bea, Role.STAFF), ada)

    assert roles_of(row_of(bea)) == {Role.STAFF}


def test_the_last_active_admin_stays() -> None:
    last, sam = admin(), staff()
    User.objects.filter(pk=admin("former").pk).update(is_active=False)

    assert field_of(lambda: change_person(last, facts_of(last, Role.STAFF), sam)) == "role"
    with pytest.raises(InvalidRequestError, match="only admin"):
        deactivate_person(last, sam)

    assert roles_of(row_of(last)) == {Role.ADMIN}


def test_a_superuser_counts_as_an_admin() -> None:
    last, root = admin(), superuser()

    deactivate_person(last, root)

    assert not row_of(last).is_active


def test_an_admin_who_is_switched_off_already_may_be_demoted() -> None:
    ada, former = admin(), admin("former")
    deactivate_person(former, ada)

    change_person(former, facts_of(former, Role.STAFF), ada)

    assert groups_of(former) == {Role.STAFF.value}


def test_a_deactivated_person_is_out_at_once_and_in_again_when_reactivated() -> None:
    ada, sam = admin(), staff()
    client = signed_in(sam)

    deactivate_person(sam, ada)
    assert not is_signed_in(client)
    assert not Client().login(username="sam", password=PASSWORD)

    reactivate_person(row_of(sam), ada)
    assert is_signed_in(signed_in(sam))


def test_a_new_password_ends_the_persons_sessions() -> None:
    sam = staff()
    client = signed_in(sam)

    set_password(sam, NEW_PASSWORD, admin())

    assert not is_signed_in(client)
    assert not Client().login(username="sam", password=PASSWORD)
    assert is_signed_in(signed_in(sam, NEW_PASSWORD))


def test_a_weak_new_password_changes_nothing() -> None:
    sam = staff()

    assert field_of(lambda: set_password(sam, "sam", admin())) == "password"

    assert is_signed_in(signed_in(sam))


@pytest.mark.parametrize(
    "change",
    [
        lambda root, by: change_person(root, replace(facts_of(root, Role.ADMIN), email="mine@example.com"), by),
        deactivate_person,
        reactivate_person,
        lambda root, by: set_password(root, NEW_PASSWORD, by),
    ],
    ids=["change", "deactivate", "reactivate", "password"],
)
def test_a_superuser_is_changed_by_superusers_only(change: Callable[[User, User], None]) -> None:
    ada, root = admin(), superuser()
    other = User.objects.create_superuser("other", "other@example.com", PASSWORD)
    before = User.objects.filter(pk=root.pk).values().get()

    with pytest.raises(InvalidRequestError, match="superusers only"):
        change(root, ada)
    assert User.objects.filter(pk=root.pk).values().get() == before

    change(row_of(root), other)


def test_a_superuser_may_have_either_group_and_stays_an_admin() -> None:
    root = superuser()

    change_person(root, facts_of(root, Role.STAFF), root)

    assert Role.ADMIN in roles_of(row_of(root))


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_take_the_role_off_each_other_at_one_instant_leave_one() -> None:
    for number in range(10):
        one, other = admin(f"one-{number}"), admin(f"other-{number}")

        at_once(
            partial(change_person, one, facts_of(one, Role.STAFF), other),
            partial(deactivate_person, other, one),
        )

        (left,) = User.objects.filter(groups__name=Role.ADMIN.value, is_active=True)
        left.delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_get_one_username_at_one_instant_one_is_added() -> None:
    ada = admin()
    for number in range(10):
        rita = replace(RITA, username=f"rita-{number}", email="")

        at_once(*[partial(add_person, rita, NEW_PASSWORD, ada)] * 2)

    assert User.objects.filter(username__startswith="rita-").count() == 10
