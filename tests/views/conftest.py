"""What tests of several pages share."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clones.forms.accounts import MAIL_THREAD
from tests.people import admin, staff


@pytest.fixture
def as_admin(client: Client) -> Client:
    """A client that an admin has signed in with."""
    client.force_login(admin())
    return client


@pytest.fixture
def as_staff(client: Client) -> Client:
    """A client that one of the staff has signed in with."""
    client.force_login(staff())
    return client


@pytest.fixture
def sam(client: Client) -> User:
    """One of the staff, whom `client` has signed in."""
    user = staff()
    client.force_login(user)
    return user


@pytest.fixture
def no_mail_left_behind() -> Iterator[None]:
    """Wait for the threads that send mails: one must not land in the next test's box."""
    yield
    for thread in threading.enumerate():
        if thread.name == MAIL_THREAD:
            thread.join(60)


@pytest.fixture
def over_https(settings: Any) -> Client:
    """A client that talks as a browser does behind a proxy, with the settings that HTTPS=on makes."""
    for name in (
        "SECURE_SSL_REDIRECT",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    ):
        setattr(settings, name, True)
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return Client(headers={"X-Forwarded-Proto": "https"})
