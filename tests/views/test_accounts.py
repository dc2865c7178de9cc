"""A person's own account: signing in and out, changing the password, the profile page."""

import re
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from clones.models import Profile
from tests.people import PASSWORD, admin, nobody, staff

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another horse altogether"


class CountingHasher(MD5PasswordHasher):
    """Counts what takes its time."""

    counted = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.counted += 1
        return str(super().encode(password, salt))


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> HttpResponse:
    return cast("HttpResponse", client.post("/accounts/login/", {"username": "sam", "password": password, **more}))


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/profile/").status_code == 200


# Signing in and out ---------------------------------------------------------------------------------------------------


def test_signing_in_leads_to_where_one_was_going(client: Client) -> None:
    staff()
    assert (
        client.get("/clones/?status=FAILED").headers["Location"] == "/accounts/login/?next=/clones/%3Fstatus%3DFAILED"
    )

    assert sign_in(client, next="/clones/?status=FAILED").headers["Location"] == "/clones/?status=FAILED"


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil.example"]
)
def test_next_never_leads_out_of_the_portal(client: Client, next_: str) -> None:
    staff()

    assert sign_in(client, next=next_).headers["Location"] == "/"


def test_wrong_passwords_and_unknown_names_get_one_answer(client: Client) -> None:
    staff()
    User.objects.create_user("gone", "gone@example.com", PASSWORD, is_active=False)

    answers = {
        re.sub(r'value="[^"]*"', "", client.post("/accounts/login/", typed).content.decode())
        for typed in (
            {"username": "sam", "password": "wrong"},
            {"username": "someone", "password": "wrong"},
            {"username": "gone", "password": PASSWORD},
        )
    }

    assert len(answers) == 1
    assert "do not match" in answers.pop()


@pytest.mark.parametrize("username", ["sam", "someone", "gone", "invited"])
def test_a_wrong_password_takes_as_long_whoever_is_named(client: Client, settings: Any, username: str) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    User.objects.create_user("sam", password=PASSWORD)
    User.objects.create_user("gone", password=PASSWORD, is_active=False)
    User.objects.create_user("invited")  # without a password
    CountingHasher.counted = 0

    client.post("/accounts/login/", {"username": username, "password": "wrong"})

    assert CountingHasher.counted == 1


def test_a_failed_sign_in_keeps_the_name_and_never_the_password(client: Client) -> None:
    response = sign_in(client, password="mistyped word")

    assert response.status_code == 422
    assert 'value="sam"' in response.content.decode()
    assert "mistyped word" not in response.content.decode()


def test_signing_out_ends_the_session_wherever_its_cookie_went(client: Client) -> None:
    staff()
    sign_in(client)
    copy = Client()
    copy.cookies.load(client.cookies.output(header=""))
    assert is_signed_in(copy)

    response = client.post("/accounts/logout/")

    assert response.headers["Location"] == "/accounts/login/"
    assert not is_signed_in(copy)


def test_nobody_is_signed_out_by_a_link_or_led_away_by_signing_out(client: Client) -> None:
    client.force_login(staff())

    assert client.get("/accounts/logout/").status_code == 405
    assert is_signed_in(client)
    assert client.post("/accounts/logout/?next=//evil.example/").headers["Location"] == "/accounts/login/"


def test_a_role_that_is_taken_away_is_missed_by_the_next_request(client: Client) -> None:
    sam = staff()
    client.force_login(sam)
    assert client.get("/clones/").status_code == 200

    sam.groups.clear()

    assert client.get("/clones/").status_code == 403


def test_a_session_of_somebody_deactivated_sends_fragments_to_the_login_page_too(client: Client) -> None:
    sam = staff()
    client.force_login(sam)
    User.objects.filter(pk=sam.pk).update(is_active=False)

    fragment = client.get("/clones/rows/?ids=1&since=0", headers={"HX-Request": "true"})

    assert fragment.headers["HX-Redirect"] == "/accounts/login/?next=%2F"
    assert client.get("/clones/").headers["Location"] == "/accounts/login/?next=/clones/"


def test_signing_in_starts_a_session_of_its_own(client: Client) -> None:
    staff()
    client.session.save()
    before = client.session.session_key

    sign_in(client)

    assert client.session.session_key != before


# Changing the password ------------------------------------------------------------------------------------------------


def change_password(client: Client, old: str = PASSWORD, new: str = NEW_PASSWORD, again: str = "") -> HttpResponse:
    typed = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return cast("HttpResponse", client.post("/accounts/password_change/", typed))


def test_a_changed_password_keeps_this_session_and_ends_all_others(client: Client) -> None:
    sam = staff()
    elsewhere = Client()
    for one in (client, elsewhere):
        one.force_login(sam)

    response = change_password(client)

    assert response.headers["Location"] == "/accounts/profile/"
    assert "Your password was changed" in client.get("/accounts/profile/").content.decode()
    assert not is_signed_in(elsewhere)
    assert sign_in(elsewhere, NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"old": "wrong"}, "old_password", "entered incorrectly"),
        ({"new": "password"}, "new_password2", "too common"),
        ({"again": "something else"}, "new_password2", "match"),
    ],
)
def test_mistakes_about_the_password_are_said_at_their_field(
    client: Client, typed: dict[str, str], field: str, sentence: str
) -> None:
    client.force_login(staff())

    response = change_password(client, **typed)

    body = response.content.decode()
    assert response.status_code == 422
    assert sentence in body.split(f'id="id_{field}_error"', 1)[1]
    assert NEW_PASSWORD not in body
    assert PASSWORD not in body


def test_the_old_password_cannot_be_guessed_in_a_session_that_was_left_open(client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    client.force_login(staff())
    for _ in range(5):
        change_password(client, old="wrong")

    response = change_password(client)

    assert response.status_code == 422
    assert "Too many wrong passwords" in response.content.decode().split('id="id_old_password_error"', 1)[1]
    assert sign_in(Client()).status_code == 302  # it is a count of its own


# The profile page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (staff, "May see clones and stores; start, retry and cancel clones."),
        (admin, "see or change people."),
        (nobody, "No role yet: you can sign in and see nothing."),
    ],
)
def test_the_profile_says_what_the_role_allows(client: Client, make: Any, words: str) -> None:
    client.force_login(make())

    assert words in client.get("/accounts/profile/").content.decode()


def test_zone_and_theme_are_kept_and_count_at_once(client: Client) -> None:
    sam = staff()
    client.force_login(sam)

    response = client.post("/accounts/profile/", {"time_zone": "Asia/Tokyo", "theme": "dark"}, follow=True)

    body = response.content.decode()
    assert "Your settings were saved" in body
    assert "Times are shown in the zone Asia/Tokyo" in body
    assert 'data-theme="dark" data-bs-theme="dark"' in body
    assert (sam.profile.time_zone, sam.profile.theme) == ("Asia/Tokyo", "dark")


def test_without_a_chosen_zone_the_browsers_own_counts(client: Client) -> None:
    sam = staff()
    client.force_login(sam)
    client.post("/accounts/profile/", {"time_zone": "Asia/Tokyo", "theme": "auto"})
    client.cookies["zone"] = "America/Lima"

    body = client.post("/accounts/profile/", {"time_zone": "", "theme": "auto"}, follow=True).content.decode()

    assert "Times are shown in the zone America/Lima" in body
    assert Profile.objects.get(user=sam).time_zone == ""


@pytest.mark.parametrize("typed", [{"time_zone": "Mars/Base", "theme": "dark"}, {"time_zone": "", "theme": "pink"}])
def test_what_cannot_be_chosen_is_refused(client: Client, typed: dict[str, str]) -> None:
    client.force_login(staff())

    assert client.post("/accounts/profile/", typed).status_code == 422
    assert not Profile.objects.exists()


def test_a_time_is_shown_in_the_persons_zone(client: Client) -> None:
    sam = admin()
    Profile.objects.create(user=sam, time_zone="Asia/Tokyo")
    User.objects.filter(pk=sam.pk).update(date_joined=datetime(2020, 1, 1, 20, tzinfo=UTC))
    client.force_login(sam)

    assert "2 Jan 2020, 05:00" in client.get(f"/people/{sam.pk}/").content.decode()
