"""A forgotten password: the mail, its link, and what nobody may learn from asking for one."""

import re
import smtplib
from collections.abc import Sequence
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from tests.people import PASSWORD, staff
from tests.views.test_accounts import NEW_PASSWORD, is_signed_in, sign_in
from tests.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_mail_left_behind")]

RESET = "/accounts/password_reset/"


class SlowMail(BaseEmailBackend):
    """A mail server that answers when it is told to."""

    asked, answer, answered = Event(), Event(), Event()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.asked.set()
        self.answer.wait(60)
        self.answered.set()
        return len(email_messages)


class BrokenMail(BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002
        raise smtplib.SMTPServerDisconnected("no")


def link_in_mail() -> str:
    """Return the path of the link in the one mail that was sent, once it was."""
    until(lambda: mail.outbox, "a mail")
    found = re.search(r"https?://\S+", str(mail.outbox[0].body))
    assert found
    return urlsplit(found.group()).path


def follow(client: Client, link: str) -> str:
    """Open a link for a new password and return the address of its form."""
    return str(client.get(link).headers.get("Location", ""))


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(client: Client) -> None:
    sam = staff()
    elsewhere = Client()
    elsewhere.force_login(sam)

    response = client.post(RESET, {"email": "SAM@example.com"})
    form = follow(client, link_in_mail())
    typed = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    done = client.post(form, typed, follow=True)

    assert response.headers["Location"] == "/accounts/password_reset/done/"
    assert "The password is set" in done.content.decode()
    assert not is_signed_in(elsewhere)
    assert sign_in(client, NEW_PASSWORD).status_code == 302
    assert "This link does not work any more" in Client().get(link_in_mail()).content.decode()


def test_the_mail_names_the_account_and_says_what_to_do(client: Client) -> None:
    staff()

    client.post(RESET, {"email": "sam@example.com"})
    until(lambda: mail.outbox, "a mail")

    assert mail.outbox[0].subject == "A new password for the reseller portal"
    assert "Your user name is: sam" in mail.outbox[0].body
    assert "http://testserver/accounts/reset/" in mail.outbox[0].body
    assert mail.outbox[0].to == ["sam@example.com"]


def test_of_two_who_share_an_address_each_gets_a_mail_about_their_own_account(client: Client) -> None:
    staff()
    User.objects.create_user("bo", "Sam@Example.com", PASSWORD)

    client.post(RESET, {"email": "sam@example.com"})
    until(lambda: len(mail.outbox) == 2, "two mails")

    named = re.findall(r"Your user name is: (\w+)", "".join(str(one.body) for one in mail.outbox))
    assert sorted(named) == ["bo", "sam"]
    assert len({re.search(r"https?://\S+", str(one.body)).group() for one in mail.outbox}) == 2  # type: ignore[union-attr]


def test_the_link_leads_to_base_url_where_that_is_set(client: Client, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example.com:8443"
    staff()

    client.post(RESET, {"email": "sam@example.com"})
    until(lambda: mail.outbox, "a mail")

    assert "https://portal.example.com:8443/accounts/reset/" in mail.outbox[0].body


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "testserver.evil.example"}])
def test_no_mail_is_sent_for_a_name_that_is_not_the_portals(client: Client, headers: dict[str, str]) -> None:
    staff()

    assert client.post(RESET, {"email": "sam@example.com"}, headers=headers).status_code == 400


def test_what_a_proxy_forwards_does_not_change_where_the_link_leads(client: Client) -> None:
    staff()

    client.post(RESET, {"email": "sam@example.com"}, headers={"X-Forwarded-Host": "evil.example"})
    until(lambda: mail.outbox, "a mail")

    assert "evil.example" not in mail.outbox[0].body


def test_the_answer_never_tells_whether_there_is_such_an_address(client: Client) -> None:
    staff()
    User.objects.create_user("gone", "gone@example.com", PASSWORD, is_active=False)

    answers = {
        (response.status_code, response.content, tuple(response.redirect_chain))
        for address in ("sam@example.com", "gone@example.com", "who@example.com")
        for response in [client.post(RESET, {"email": address}, follow=True)]
    }

    assert len(answers) == 1


def test_the_answer_does_not_wait_for_the_mail_server(client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.SlowMail"
    staff()

    response = client.post(RESET, {"email": "sam@example.com"})

    assert response.status_code == 302
    assert not SlowMail.answered.is_set()
    assert SlowMail.asked.wait(60)
    SlowMail.answer.set()


def test_a_mail_server_that_takes_nothing_is_in_the_log_and_not_in_the_answer(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenMail"
    staff()

    response = client.post(RESET, {"email": "sam@example.com"})
    until(lambda: "Failed to send password reset email" in caplog.text, "the line in the log")

    assert response.status_code == 302
    assert "/accounts/reset/" not in caplog.text


def test_a_link_that_makes_no_sense_says_what_to_do(client: Client) -> None:
    body = client.get("/accounts/reset/!!/nonsense/").content.decode()

    assert "This link does not work any more" in body
    assert RESET in body


def test_a_bad_new_password_is_said_at_its_field(client: Client) -> None:
    staff()
    client.post(RESET, {"email": "sam@example.com"})

    response = client.post(follow(client, link_in_mail()), {"new_password1": "sesame", "new_password2": "sesame"})

    assert response.status_code == 422
    assert "too short" in response.content.decode().split('id="id_new_password2_error"', 1)[1]


def test_a_mistyped_address_is_said_at_its_field(client: Client) -> None:
    response = client.post(RESET, {"email": "sam at example"})

    assert response.status_code == 422
    assert "valid email address" in response.content.decode().split('id="id_email_error"', 1)[1]
