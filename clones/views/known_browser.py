"""The mark of a browser in which somebody has signed in: a stranger's guesses elsewhere do not hold it up."""

from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from clones.operations.attempts import browser_mark

COOKIE: Final = "known_browser"
_SALT: Final = "clones.known_browser"
_KEPT_SECONDS: Final = 90 * 24 * 3600


def known_browser(request: HttpRequest) -> str:
    """Return the browser's mark; "" where it has none of ours."""
    return str(request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_KEPT_SECONDS))


def remember_browser(response: HttpResponse, user: User) -> None:
    """Mark the browser as this person's. The mark opens no door: it only makes wrong passwords count apart."""
    response.set_signed_cookie(
        COOKIE,
        browser_mark(user),
        salt=_SALT,
        max_age=_KEPT_SECONDS,
        path="/accounts/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
