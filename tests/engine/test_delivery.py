"""One mail and a real mail server: what surely left, what surely did not, and what nobody knows."""

from typing import Any

import pytest
from django.core.mail import EmailMessage

from clones.engine.delivery import Fate, deliver
from tests.mail_server import Behaviour, mail_server
from tests.processes import free_port


def mail() -> EmailMessage:
    return EmailMessage("37 of 40 stores cloned", "3 failed", "portal@shop.example", ["sam@shop.example"])


def test_a_mail_arrives(settings: Any) -> None:
    behaviour = Behaviour()
    with mail_server(settings, behaviour):
        assert deliver(mail()).fate is Fate.SENT
    (received,) = behaviour.received
    assert (received["Subject"], received["To"]) == ("37 of 40 stores cloned", "sam@shop.example")


def test_without_a_mail_server_nothing_has_left(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    delivery = deliver(mail())
    assert delivery.fate is Fate.NOT_YET
    assert "ConnectionRefusedError" in delivery.trouble


@pytest.mark.parametrize(
    ("subject", "sender"), [("two\nlines", "portal@shop.example"), ("37 of 40", "portal@")], ids=["subject", "sender"]
)
def test_a_mail_that_cannot_be_built_never_leaves(settings: Any, subject: str, sender: str) -> None:
    behaviour = Behaviour()
    with mail_server(settings, behaviour):
        delivery = deliver(EmailMessage(subject, "3 failed", sender, ["sam@shop.example"]))
    assert (delivery.fate, behaviour.received) == (Fate.NEVER, [])
    assert "cannot be built" in delivery.trouble


@pytest.mark.parametrize(
    ("behaviour", "fate", "words"),
    [
        (Behaviour(to_recipient="450 busy"), Fate.NOT_YET, "refused the mail: SMTPRecipientsRefused 450."),
        (Behaviour(to_recipient="550 sam@shop.example is unknown"), Fate.NEVER, "SMTPRecipientsRefused 550."),
        (Behaviour(to_data="451 later"), Fate.NOT_YET, "refused the mail: SMTPDataError 451."),
        (Behaviour(to_data="554 no"), Fate.NEVER, "SMTPDataError 554."),
        (Behaviour(to_data="hang up"), Fate.UNSURE, "answer was lost: SMTPServerDisconnected."),
    ],
)
def test_an_answer_tells_whether_it_may_have_left(settings: Any, behaviour: Behaviour, fate: Fate, words: str) -> None:
    with mail_server(settings, behaviour):
        delivery = deliver(mail())
    assert delivery.fate is fate
    assert words in delivery.trouble
    assert "sam@" not in delivery.trouble
