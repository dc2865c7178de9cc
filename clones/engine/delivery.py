"""Handing one mail to the mail server, and knowing whether it may have left."""

import smtplib
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address

_FOR_GOOD: Final = 500  # from here on a mail server's code means "never"
_REFUSED: Final = (
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


class Fate(Enum):
    """What became of a mail. NOT_YET and NEVER: surely not sent. UNSURE: it may have been."""

    SENT = "sent"
    NOT_YET = "not yet"
    NEVER = "never"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Delivery:
    """The fate of a mail, and what the mail server said against it, without anybody's address or password."""

    fate: Fate
    trouble: str = ""


def deliver(message: EmailMessage) -> Delivery:
    """Send `message`. Never raises; touches no database."""
    if not message.recipients():  # backends pass over it without a word
        return Delivery(Fate.NEVER, "There is no address to send it to.")
    try:
        _build(message)
    except Exception as error:  # noqa: BLE001  an address or a line that no mail can have
        return Delivery(Fate.NEVER, f"The mail cannot be built: {_words(error)}.")
    mailer = get_connection()
    try:
        mailer.open()
    except Exception as error:  # noqa: BLE001  each backend has its own; nothing has left
        return Delivery(Fate.NOT_YET, f"The mail server cannot be used: {_words(error)}.")
    try:
        mailer.send_messages([message])
    except _REFUSED as error:
        fate = Fate.NEVER if _code(error) >= _FOR_GOOD else Fate.NOT_YET
        return Delivery(fate, f"The mail server refused the mail: {_words(error)}.")
    except Exception as error:  # noqa: BLE001
        return Delivery(Fate.UNSURE, f"The mail server's answer was lost: {_words(error)}.")
    finally:
        _close(mailer)
    return Delivery(Fate.SENT)


def _build(message: EmailMessage) -> None:
    """Do what a backend does before anything leaves, and raise what it would raise."""
    message.message().as_bytes()
    for address in (message.from_email, *message.recipients()):
        sanitize_address(address, message.encoding or settings.DEFAULT_CHARSET)


def _words(error: Exception) -> str:
    """Name an error without the server's own words: they may repeat an address, or what it was told to sign in."""
    code = _code(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def _code(error: Exception) -> int:
    """Return the mail server's code, the smallest where it gave several; 0 where it gave none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min((code for code, _ in error.recipients.values()), default=0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _close(mailer: BaseEmailBackend) -> None:
    """Say goodbye; what comes of it changes nothing."""
    with suppress(Exception):
        mailer.close()
