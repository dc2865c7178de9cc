"""A person's own account: signing in, the password, and how the pages are to look."""

import math
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.models import User
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clones.forms.accounts import LoginForm, NewPasswordForm, PasswordChangeForm, PasswordResetForm, ProfileForm
from clones.middleware import profile_of
from clones.models import Profile
from clones.views.known_browser import known_browser, remember_browser

require_form = require_http_methods(["GET", "HEAD", "POST"])


def typed(request: HttpRequest) -> QueryDict | None:
    """Return what was sent with a form; None: it is only to be shown."""
    return request.POST if request.method == "POST" else None


def site_address(request: HttpRequest) -> str:
    """Return where people find the portal, without a slash at the end: BASE_URL, else what this request was sent to."""
    return settings.BASE_URL or request.build_absolute_uri("/").rstrip("/")


def sign_in_address(request: HttpRequest) -> str:
    """Return the whole address of the login page."""
    return site_address(request) + resolve_url(settings.LOGIN_URL)


@require_form
def profile(request: HttpRequest) -> HttpResponse:
    user, kept = cast("User", request.user), profile_of(request)
    initial = {"time_zone": kept.time_zone, "theme": kept.theme, "batch_mail": kept.batch_mail}
    form = ProfileForm(typed(request), initial=initial)
    if form.is_valid():
        Profile.objects.update_or_create(user=user, defaults=form.cleaned_data)
        messages.success(request, "Your settings were saved.")
        return redirect("clones:profile")
    return render(request, "clones/profile.html", {"form": form}, status=422 if form.errors else 200)


class _MistakesAre422:
    """Django's views of forms, answering mistakes as the portal's own do."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Show the form again, with what is wrong."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # FormView's
        response.status_code = 422
        return response


class LoginView(_MistakesAre422, auth.LoginView):
    """The login page. `next` leads back to pages of this portal only: Django sees to it."""

    form_class = LoginForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Tell the form which browser asks."""
        return {**super().get_form_kwargs(), "browser": known_browser(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, and know this browser from now on."""
        response = super().form_valid(form)
        remember_browser(response, form.get_user())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show the form again, with how long to wait where there is a hold."""
        response = super().form_invalid(form)
        if form.held_until is not None:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(math.ceil((form.held_until - timezone.now()).total_seconds()))
        return response


class PasswordChangeView(_MistakesAre422, auth.PasswordChangeView):
    """A person's own new password; every other session of the person ends."""

    form_class = PasswordChangeForm
    success_url = reverse_lazy("clones:profile")

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and say so on the profile page."""
        messages.success(self.request, "Your password was changed. You are signed out everywhere else.")
        return super().form_valid(form)


class PasswordResetView(_MistakesAre422, auth.PasswordResetView):
    """Ask for a mail with a link. The answer is the same whether or not there is such an address."""

    form_class = PasswordResetForm
    email_template_name = "registration/password_reset_email.txt"

    @property
    def extra_email_context(self) -> dict[str, Any]:  # type: ignore[override]  # a constant in Django's, and read once
        """Return where the link leads to."""
        return {"site_address": site_address(self.request)}


class PasswordResetConfirmView(_MistakesAre422, auth.PasswordResetConfirmView):
    """A new password for who followed the link; every session of the person ends."""

    form_class = NewPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, and know this browser: who guesses elsewhere cannot hold up the person who has just come back."""
        response = super().form_valid(form)
        remember_browser(response, form.user)
        return response


login = LoginView.as_view()
password_change = PasswordChangeView.as_view()
password_reset = PasswordResetView.as_view()
password_reset_confirm = PasswordResetConfirmView.as_view()
