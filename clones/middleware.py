"""What stands between a request and its view: one must be signed in, and times are the person's own."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from clones.models import Profile

PAGE_SIZES: Final = (25, 50, 100, 200)
PAGE_SIZE_COOKIE: Final = "per_page"
ZONE_COOKIE: Final = "zone"  # static/js/portal.js writes the browser's time zone into it


class LoginRequiredMiddleware(DjangoLoginRequiredMiddleware):
    """Send who is not signed in to the login page, and back afterwards; a fragment sends the whole page there."""

    def handle_no_permission(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],  # noqa: ARG002  Django's signature
    ) -> HttpResponseRedirect:
        """Answer a fragment's request by HX-Redirect: a login page must never be swapped into a cell."""
        htmx = getattr(request, "htmx", None)
        if not htmx:
            return redirect_to_login(_page_to_return_to(request), _login_page(request))
        page = htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)
        # Not a redirect by its status, which htmx would follow by itself, but by its header.
        login = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': page})}"
        return HttpResponseClientRedirect(login)  # type: ignore[return-value]  # it redirects in its own way


def _login_page(request: HttpRequest) -> str:
    """Return the login page's address; `lost` has it say that what was sent, such as a file, was not kept."""
    sent = bool(request.FILES) or request.POST.keys() > {"csrfmiddlewaretoken"}
    return resolve_url(settings.LOGIN_URL) + ("?lost=1" if sent else "")


def _page_to_return_to(request: HttpRequest) -> str:
    """Return the page that was asked for; for a form that was sent, the one that it stood on: nothing was done yet."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    before = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return urlsplit(before)._replace(scheme="", netloc="").geturl()
    return resolve_url(settings.LOGIN_REDIRECT_URL)


class NotStoredMiddleware:
    """Let no browser store a page, which its Back button would show to whoever comes after the person logged out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, marked as not to be stored; an answer that says so in more words keeps them."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class PersonalZoneMiddleware:
    """Activate the person's time zone: the chosen one, else the browser's, else TIME_ZONE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the zone activated, and leave none behind for the next request of this thread."""
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


class PageSizeMiddleware:
    """Keep the size of a list's pages, as chosen last, in a cookie: a GET changes no data."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the cookie where the address names a size."""
        response = self.get_response(request)
        if request.GET.get(PAGE_SIZE_COOKIE, "") in map(str, PAGE_SIZES):
            response.set_cookie(PAGE_SIZE_COOKIE, request.GET[PAGE_SIZE_COOKIE], max_age=31_536_000, samesite="Lax")
        return response


def _zone_of(request: HttpRequest) -> ZoneInfo | None:
    names = (profile_of(request).time_zone, request.COOKIES.get(ZONE_COOKIE, ""))
    name = next((name for name in names if name in _ZONES), settings.TIME_ZONE)
    return ZoneInfo(name)


def profile_of(request: HttpRequest) -> Profile:
    """Return the person's profile; one with the defaults, not saved, where there is none."""
    user = request.user
    if not isinstance(user, User):
        return Profile()
    try:
        return user.profile
    except Profile.DoesNotExist:
        return Profile(user=user)


_ZONES = available_timezones()
