"""What people type about their own account."""

from datetime import datetime
from threading import Thread
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import forms as auth_forms
from django.utils import timezone
from django.utils.formats import date_format

from clones.choices import MailChoice
from clones.forms.base import PortalForm
from clones.models import Theme
from clones.operations.attempts import begin_attempt

# Of the several hundred zones those that a person would look for: no aliases of old times.
_REGIONS: Final = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}

MAIL_THREAD: Final = "password reset mail"


def zone_choices() -> list[tuple[str, Any]]:
    """Return the time zones by region, above them the browser's own and UTC."""
    places: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(available_timezones()):
        region, _, place = zone.partition("/")
        if place and region in _REGIONS:
            places.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", " / ")))
    return [("", "As the browser says"), ("UTC", "UTC"), *places.items()]


class ProfileForm(PortalForm):
    """How a person likes the pages to look, and when they want a mail."""

    time_zone = forms.ChoiceField(choices=zone_choices, required=False)
    theme = forms.ChoiceField(label="Light or dark", choices=Theme.choices, widget=forms.RadioSelect)
    batch_mail = forms.ChoiceField(
        label="A mail when a batch of yours has ended",
        choices=MailChoice.choices,
        widget=forms.RadioSelect,
        required=False,
    )

    def clean_batch_mail(self) -> str:
        """Return the choice; whoever does not send it keeps the one that stands."""
        chosen: str = self.cleaned_data["batch_mail"] or self.initial["batch_mail"]
        return chosen


class LoginForm(auth_forms.AuthenticationForm):
    """Django's form, which looks at no password while there is a hold. `held_until` is set where there is one now."""

    held_until: datetime | None = None

    def __init__(self, *args: Any, browser: str = "", **kwargs: Any) -> None:
        self._browser = browser
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Sign the person in, in Django's way, or raise ValidationError."""
        username = self.cleaned_data.get("username")
        if not (username and self.cleaned_data.get("password")):
            return self.cleaned_data
        attempt = begin_attempt(username, self._browser, timezone.now())
        self.held_until = attempt.held_until
        if not attempt.allowed:
            raise self.get_invalid_login_error()
        cleaned = super().clean()
        attempt.succeed()
        return cleaned


class PasswordChangeForm(PortalForm, auth_forms.PasswordChangeForm):
    """Django's form in the portal's look; who finds a session left open cannot guess the old password there either."""

    def clean_old_password(self) -> str:
        """Return the old password, or raise ValidationError."""
        attempt = begin_attempt(self.user.username, f"{self.user.pk}:signed in", timezone.now())
        if not attempt.allowed and attempt.held_until:
            until = date_format(timezone.localtime(attempt.held_until), "H:i:s T")
            message = f"Too many wrong passwords: none is looked at until {until}. An admin can set a new one at once."
            raise forms.ValidationError(message)
        old = super().clean_old_password()
        attempt.succeed()
        return old


class NewPasswordForm(PortalForm, auth_forms.SetPasswordForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Django's form for who has forgotten the password, in the portal's look."""


class PasswordResetForm(PortalForm, auth_forms.PasswordResetForm):
    """Django's form in the portal's look, and silent about whether there is such an address."""

    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send the mail on a thread; one that cannot be sent is in the log.

        An answer that waited for the mail server would tell that somebody has this address.
        """
        Thread(target=super().send_mail, args=args, kwargs=kwargs, name=MAIL_THREAD).start()
