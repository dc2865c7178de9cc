"""The login page for who typed too many wrong passwords, and the ways back in."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.test import Client, override_settings

from clones.models import LoginAttempts
from tests.people import PASSWORD, admin, staff
from tests.views.test_accounts import NEW_PASSWORD, is_signed_in, sign_in
from tests.views.test_password_reset import RESET, follow, link_in_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_mail_left_behind")]

HELD = "Too many wrong passwords for this user name."


@pytest.fixture(autouse=True)
def _quick_hasher() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def guess(times: int = 5) -> None:
    """Let a stranger type wrong passwords."""
    stranger = Client()
    for _ in range(times):
        sign_in(stranger, "mistyped word")


def pass_time(length: timedelta) -> None:
    LoginAttempts.objects.update(held_until=F("held_until") - length)


def test_typos_below_the_limit_get_the_usual_answer_and_the_right_password_comes_in(client: Client) -> None:
    staff()
    guess(3)

    response = sign_in(client, "mistyped word")

    assert response.status_code == 422
    assert HELD not in response.content.decode()
    assert sign_in(client).status_code == 302


def test_who_is_held_back_reads_what_happened_how_long_it_takes_and_who_can_help(client: Client) -> None:
    staff()
    guess(4)

    for password in ("mistyped word", PASSWORD):
        response = sign_in(client, password, next="/clones/?status=FAILED")

        body = re.sub(r"\s+", " ", response.content.decode())
        assert response.status_code == 429
        assert 0 < int(response.headers["Retry-After"]) <= 60
        assert HELD in body
        assert re.search(
            r"No password is looked at for it until \d\d:\d\d:\d\d UTC, (\d+.seconds?|a.minute) from now", body
        )
        assert "“Forgot the password?” below, or ask an admin of the portal" in body
        assert RESET in body
        assert 'value="sam"' in body
        assert 'value="/clones/?status=FAILED"' in body
        assert "do not match" not in body
        assert password not in body
    assert not is_signed_in(client)


def test_after_the_wait_the_right_password_comes_in(client: Client) -> None:
    staff()
    guess()
    pass_time(timedelta(minutes=1))

    assert sign_in(client).status_code == 302


def test_a_name_that_is_nobodys_is_answered_alike(client: Client) -> None:
    staff()
    answers = set()
    for username in ("sam", "someone"):
        for _ in range(5):
            response = client.post("/accounts/login/", {"username": username, "password": "wrong"})
        body = response.content.decode()
        answers.add(re.sub(r'value="[^"]*"|\d\d:\d\d:\d\d|\d+.seconds|a.minute', "", body))

    assert len(answers) == 1
    assert HELD in answers.pop()


def test_strangers_do_not_hold_up_the_browser_in_which_one_has_signed_in(client: Client) -> None:
    staff()
    sign_in(client)
    client.post("/accounts/logout/")

    guess(20)

    assert sign_in(client).status_code == 302


def test_the_mark_of_a_browser_stays_with_the_server_and_cannot_be_made_up(client: Client) -> None:
    sam = staff()
    sign_in(client)
    mark = client.cookies["known_browser"]
    assert mark["httponly"]
    assert mark["samesite"] == "Lax"
    assert mark["path"] == "/accounts/"
    forger = Client()
    forger.cookies["known_browser"] = f"{sam.pk}:made up"

    guess()

    assert sign_in(forger).status_code == 429


def test_a_mark_alone_opens_nothing(client: Client) -> None:
    staff()
    sign_in(client)
    only_mark = Client()
    only_mark.cookies["known_browser"] = client.cookies["known_browser"].value

    assert not is_signed_in(only_mark)


def test_a_password_that_an_admin_set_lifts_the_hold(client: Client) -> None:
    sam = staff()
    ada = Client()
    ada.force_login(admin())
    guess()

    ada.post(f"/people/{sam.pk}/password/", {"password": NEW_PASSWORD, "again": NEW_PASSWORD})

    assert sign_in(client, NEW_PASSWORD).status_code == 302


def test_a_reset_lifts_the_hold_also_where_the_guessing_goes_on(client: Client) -> None:
    staff()
    guess()
    client.post(RESET, {"email": "sam@example.com"})

    client.post(follow(client, link_in_mail()), {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    guess()

    assert len(mail.outbox) == 1
    assert sign_in(client, NEW_PASSWORD).status_code == 302


def test_who_is_signed_in_notices_nothing(client: Client) -> None:
    client.force_login(staff())

    guess(20)

    assert is_signed_in(client)


def test_typed_passwords_are_not_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    staff()

    guess(6)
    sign_in(client)

    assert "mistyped word" not in caplog.text
    assert PASSWORD not in caplog.text
