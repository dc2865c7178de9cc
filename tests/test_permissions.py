"""Roles: the one table, written out a second time, and how people are read with their roles."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from pytest_django import DjangoAssertNumQueries

from clones.permissions import Capability, Role, main_role, make_groups, may, role_for, roles_of, with_roles, words_for
from clones.signin import PortalBackend
from tests.factories import MISSING
from tests.people import admin, nobody, person, staff

pytestmark = pytest.mark.django_db

WHO_MAY = {
    Capability.WATCH: {"staff", "admin", "superuser"},
    Capability.CLONE: {"staff", "admin", "superuser"},
    Capability.KEEP_STORES: {"admin", "superuser"},
    Capability.KEEP_CONNECTIONS: {"admin", "superuser"},
    Capability.KEEP_PEOPLE: {"admin", "superuser"},
}


def test_every_capability_is_in_the_table() -> None:
    assert set(WHO_MAY) == set(Capability)


@pytest.mark.parametrize("capability", Capability)
def test_who_may_do_what(capability: Capability) -> None:
    people: dict[str, User | AnonymousUser] = {
        "anonymous": AnonymousUser(),
        "nobody": nobody(),
        "staff": staff(),
        "admin": admin(),
        "superuser": User.objects.create_superuser("root"),
    }

    assert {name for name, user in people.items() if may(user, capability)} == WHO_MAY[capability]


@pytest.mark.parametrize("capability", Capability)
def test_who_is_deactivated_may_nothing(capability: Capability) -> None:
    root = User.objects.create_superuser("root", is_active=False)

    assert not may(root, capability)
    assert main_role(root) is Role.ADMIN


def test_the_role_that_one_is_told_to_ask_for_is_the_least_that_will_do() -> None:
    assert role_for(Capability.CLONE) is Role.STAFF
    assert role_for(Capability.KEEP_STORES) is Role.ADMIN


def test_of_two_roles_the_one_that_allows_more_is_the_main_one() -> None:
    assert main_role(person("both", Role.STAFF, Role.ADMIN)) is Role.ADMIN
    assert main_role(nobody()) is None


def test_a_role_is_put_into_words() -> None:
    assert words_for(Role.STAFF) == "see clones and stores; start, retry and cancel clones"


def test_djangos_own_rights_and_is_staff_count_for_nothing() -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.create(name="Accountants"))

    assert roles_of(clerk) == frozenset()


def test_people_are_read_with_their_roles_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    staff()
    admin()
    nobody()

    with django_assert_num_queries(1):
        found = {user.username: roles_of(user) for user in with_roles(User.objects.all())}

    assert found == {"sam": {Role.STAFF}, "ada": {Role.ADMIN}, "nora": set()}


def test_who_asks_is_read_with_role_and_profile_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sam = staff()

    with django_assert_num_queries(1):
        user = PortalBackend().get_user(sam.pk)
        assert user is not None
        assert roles_of(user) == {Role.STAFF}
        assert not hasattr(user, "profile")


def test_who_is_deactivated_or_gone_is_nobody_at_the_next_request() -> None:
    gone = User.objects.create_user("gone", is_active=False)

    assert PortalBackend().get_user(gone.pk) is None
    assert PortalBackend().get_user(MISSING) is None


def test_every_role_has_its_group_however_often_they_are_made() -> None:
    Group.objects.all().delete()

    for _ in range(2):
        make_groups("default")

    assert set(Group.objects.values_list("name", flat=True)) == {"Reseller staff", "Portal admins"}
