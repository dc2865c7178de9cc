"""People: the list, a person's page, and what admins do with accounts. The rules themselves: operations' tests."""

import re
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBase
from django.test import Client

from clones.permissions import Role, main_role
from tests.factories import CloneJobFactory
from tests.people import PASSWORD, admin, nobody, person, staff

pytestmark = pytest.mark.django_db

NEW = {
    "username": "kim",
    "first_name": "Kim",
    "last_name": "Example",
    "email": "kim@example.com",
    "role": Role.STAFF.value,
    "password": "a good long one",
    "again": "a good long one",
}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(admin())
    return client


def text_of(response: HttpResponseBase) -> str:
    """Return what the page says in its main part, without tags."""
    inside = cast("HttpResponse", response).content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inside))


def listed(client: Client, **query: Any) -> list[str]:
    """Return the user names on the page, in its order."""
    body = client.get("/people/", query).content.decode()
    return re.findall(r'store-under"><bdi>([^<]+)<', body)


def tabs(client: Client, **query: Any) -> dict[str, int]:
    found = re.findall(r'>(\w+) <span class="job-tab-count num">(\d+)<', client.get("/people/", query).content.decode())
    return {label: int(count) for label, count in found}


def change(client: Client, user: User, **facts: str) -> HttpResponse:
    role = main_role(user)
    kept = {"username": user.username, "email": user.email, "role": role.value if role else ""}
    return cast("HttpResponse", client.post(f"/people/{user.pk}/edit/", kept | facts))


def test_the_list_names_everybody_with_role_and_address(ada: Client) -> None:
    staff()
    nobody()
    User.objects.create_superuser("root", "root@example.com", PASSWORD)

    said = text_of(ada.get("/people/"))

    assert "sam Reseller staff sam@example.com Never" in said
    assert "nora No role" in said
    assert "root Portal admins (superuser)" in said


def test_the_list_is_in_the_order_of_the_names_shown(ada: Client) -> None:
    User.objects.filter(username="ada").update(first_name="Zoe")
    person("mo")
    User.objects.create_user("aaa", first_name="nadia")

    assert listed(ada) == ["mo", "aaa", "ada"]
    assert listed(ada, sort="-name") == ["ada", "aaa", "mo"]


def test_who_never_signed_in_counts_as_the_longest_ago(ada: Client) -> None:
    staff()

    assert listed(ada, sort="last_login") == ["sam", "ada"]
    assert listed(ada, sort="-last_login") == ["ada", "sam"]


def test_sorting_by_role_puts_the_most_rights_at_one_end(ada: Client) -> None:
    staff()
    nobody()
    User.objects.create_superuser("root", "", PASSWORD)

    assert listed(ada, sort="role") == ["nora", "sam", "ada", "root"]


@pytest.mark.parametrize("text", ["kim", "KIM E", "example.org", "xample"])
def test_the_search_looks_into_user_name_whole_name_and_address(ada: Client, text: str) -> None:
    User.objects.create_user("k1", "k@example.org", PASSWORD, first_name="Kim", last_name="Example")
    User.objects.create_user("other", "o@nowhere.test", PASSWORD)
    User.objects.filter(username="ada").update(email="")

    assert listed(ada, q=text) == ["k1"]


def test_the_search_takes_every_sign_as_it_stands(ada: Client) -> None:
    assert listed(ada, q="%") == []
    assert listed(ada, q="ad\x00a") == ["ada"]


def test_deactivated_people_are_behind_a_tab_that_counts_them(ada: Client) -> None:
    User.objects.create_user("gone", is_active=False)

    assert tabs(ada) == {"Active": 1, "Deactivated": 1}
    assert listed(ada) == ["ada"]
    assert listed(ada, deactivated="1") == ["gone"]
    assert tabs(ada, q="gone") == {"Active": 0, "Deactivated": 1}


def test_empty_lists_say_why(ada: Client) -> None:
    assert "Nobody is deactivated" in text_of(ada.get("/people/?deactivated=1"))
    assert "Nobody matches" in text_of(ada.get("/people/?q=zzz"))


def test_the_page_of_a_new_person_tells_how_they_sign_in(ada: Client) -> None:
    response = ada.post("/people/new/", NEW, follow=True)

    kim = User.objects.get(username="kim")
    assert response.redirect_chain == [(f"/people/{kim.pk}/", 302)]
    said = text_of(response)
    assert "Kim Example was added" in said
    assert "http://testserver/accounts/login/" in said
    assert "User name kim" in said
    assert NEW["password"] not in response.content.decode()


def test_a_new_person_signs_in_with_what_was_typed(ada: Client) -> None:
    ada.post("/people/new/", NEW)

    kim = Client()
    kim.post("/accounts/login/", {"username": "kim", "password": NEW["password"]})

    assert kim.get("/clones/").status_code == 200
    assert kim.get("/people/").status_code == 403


def test_the_address_to_sign_in_at_is_base_url_where_that_is_set(ada: Client, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example.com"

    assert "https://portal.example.com/accounts/login/" in text_of(ada.get(f"/people/{staff().pk}/"))


@pytest.mark.parametrize(
    ("field", "wrong", "sentence"),
    [
        ("username", "ADA", "is taken"),
        ("username", "two words", "Enter a valid username"),
        ("username", "", "This field is required"),
        ("email", "nowhere", "Enter a valid email address"),
        ("role", "Kings", "not one of the available choices"),
        ("password", "short", "too short"),
        ("again", "another one", "The two passwords differ"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_what_was_typed_is_kept(
    ada: Client, field: str, wrong: str, sentence: str
) -> None:
    typed = NEW | {field: wrong}
    if field == "password":
        typed["again"] = wrong

    response = ada.post("/people/new/", typed)

    body = response.content.decode()
    assert response.status_code == 422
    assert sentence in re.split(r"</div>\s*</div>", body.split(f'id="id_{field}_error"', 1)[1])[0]
    assert 'value="Example"' in body
    assert NEW["password"] not in body
    assert not User.objects.filter(first_name="Kim").exists()


def test_a_password_keeps_its_blanks(ada: Client) -> None:
    ada.post("/people/new/", NEW | {"password": "  a good long one ", "again": "  a good long one "})

    assert User.objects.get(username="kim").check_password("  a good long one ")


def test_names_and_role_can_be_changed(ada: Client) -> None:
    sam = staff()

    response = change(ada, sam, username="samuel", first_name="Sam", last_name="Example", role=Role.ADMIN.value)

    sam = User.objects.get(pk=sam.pk)
    assert response.headers["Location"] == f"/people/{sam.pk}/"
    assert (sam.username, sam.get_full_name(), main_role(sam)) == ("samuel", "Sam Example", Role.ADMIN)


def test_the_form_shows_what_is(ada: Client) -> None:
    body = ada.get(f"/people/{staff().pk}/edit/").content.decode()

    assert 'value="sam"' in body
    assert re.search(r'value="Reseller staff"[^>]*checked', body)
    assert not re.search(r'value="Portal admins"[^>]*checked', body)


def test_somebody_without_a_role_has_none_chosen(ada: Client) -> None:
    assert "checked" not in ada.get(f"/people/{nobody().pk}/edit/").content.decode()


def test_the_form_of_somebody_deactivated_shows_the_role_that_is_kept(ada: Client) -> None:
    sam = staff()
    User.objects.update(is_active=True)
    User.objects.filter(pk=sam.pk).update(is_active=False)

    assert re.search(r'value="Reseller staff"[^>]*checked', ada.get(f"/people/{sam.pk}/edit/").content.decode())


def test_nobody_takes_the_admins_role_off_himself(ada: Client) -> None:
    me = User.objects.get(username="ada")
    admin("eve")

    response = change(ada, me, role=Role.STAFF.value)

    assert response.status_code == 422
    assert 'id="id_role_error"' in response.content.decode()
    assert main_role(User.objects.get(pk=me.pk)) is Role.ADMIN


def test_a_refused_change_leaves_the_old_name_above_the_form(ada: Client) -> None:
    response = change(ada, staff(), first_name="Brand", last_name="New", username="ada")

    assert response.status_code == 422
    assert re.search(r"<h1[^>]*><span>Edit <bdi>sam</bdi>", response.content.decode())


def test_deactivating_ends_sessions_and_can_be_undone(ada: Client) -> None:
    sam = staff()
    theirs = Client()
    theirs.force_login(sam)

    said = text_of(ada.post(f"/people/{sam.pk}/deactivate/", follow=True))

    assert "sam is deactivated" in said
    assert theirs.get("/clones/").headers["Location"].startswith("/accounts/login/")
    assert not theirs.login(username="sam", password=PASSWORD)
    assert "can sign in again" in text_of(ada.post(f"/people/{sam.pk}/reactivate/", follow=True))
    assert theirs.login(username="sam", password=PASSWORD)


def test_you_are_not_offered_to_deactivate_yourself_and_cannot(ada: Client) -> None:
    me = User.objects.get(username="ada")
    admin("eve")

    assert "/deactivate/" not in ada.get(f"/people/{me.pk}/").content.decode()
    assert "You cannot take this away from yourself" in text_of(ada.post(f"/people/{me.pk}/deactivate/", follow=True))
    assert User.objects.get(pk=me.pk).is_active


def test_a_new_password_ends_that_persons_sessions(ada: Client) -> None:
    sam = staff()
    theirs = Client()
    theirs.force_login(sam)

    ada.post(f"/people/{sam.pk}/password/", {"password": "a good long one", "again": "a good long one"})

    assert theirs.get("/clones/").status_code == 302
    assert theirs.login(username="sam", password="a good long one")


def test_a_bad_password_is_refused_at_its_field_and_never_shown_again(ada: Client) -> None:
    response = ada.post(f"/people/{staff().pk}/password/", {"password": "sesame", "again": "sesame"})

    body = response.content.decode()
    assert response.status_code == 422
    assert "too short" in body.split('id="id_password_error"', 1)[1]
    assert "sesame" not in body


def test_your_own_password_is_changed_where_the_old_one_is_asked_for(ada: Client) -> None:
    me = User.objects.get(username="ada")

    response = ada.post(f"/people/{me.pk}/password/", {"password": "a good long one", "again": "a good long one"})

    assert response.headers["Location"] == "/accounts/password_change/"
    assert User.objects.get(pk=me.pk).check_password(PASSWORD)


@pytest.mark.parametrize("action", ["deactivate", "reactivate", "password", "edit"])
def test_a_superuser_is_changed_by_superusers_only(ada: Client, action: str) -> None:
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)
    typed = {"username": "root", "role": Role.ADMIN.value, "password": "a good long one", "again": "a good long one"}

    response = ada.post(f"/people/{root.pk}/{action}/", typed, follow=True)

    assert "A superuser is changed by superusers only." in text_of(response)
    assert User.objects.get(pk=root.pk).check_password(PASSWORD)
    assert User.objects.get(pk=root.pk).is_active


def test_the_page_of_a_superuser_offers_admins_nothing_to_change(ada: Client) -> None:
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)

    body = ada.get(f"/people/{root.pk}/").content.decode()

    assert "A superuser is changed by superusers only." in body
    assert not re.search(rf"/people/{root.pk}/\w", body)


def test_a_persons_page_leads_to_the_clones_that_they_asked_for(ada: Client) -> None:
    sam = staff()
    CloneJobFactory.create_batch(3, created_by=sam)
    CloneJobFactory.create()

    body = ada.get(f"/people/{sam.pk}/").content.decode()

    assert f'<a href="/clones/?user={sam.pk}"><span class="num">3</span></a>' in body


def test_names_are_shown_as_text_whatever_they_hold(ada: Client) -> None:
    eve = User.objects.create_user("eve", first_name=HOSTILE, email="eve@example.com")

    for path in ("/people/", *(f"/people/{eve.pk}/{end}" for end in ("", "edit/", "password/"))):
        body = ada.get(path).content.decode()
        assert HOSTILE not in body, path
        assert "&lt;script&gt;alert(1)" in body, path
