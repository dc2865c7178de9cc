"""What admins type about people. Whether it makes sense is for the operations to say."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clones.forms.base import PortalForm
from clones.operations.people import PersonFacts
from clones.permissions import Role, main_role, words_for

_NAMES = ("username", "first_name", "last_name", "email")
_AS_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def _password_field(label: str, help_text: str = "") -> forms.CharField:
    """Return a field that is never drawn filled in."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, max_length=4096, widget=widget, help_text=help_text)


def role_choices() -> list[tuple[str, SafeString]]:
    """Return every role with what it allows."""
    return [
        (role.value, format_html('{} <span class="choice-words">May {}.</span>', role.value, words_for(role)))
        for role in Role
    ]


class RepeatedPasswordForm(PortalForm):
    """A new password, typed twice the same."""

    password = _password_field("Password", "At least 8 characters; not a common word, and not like the name.")
    again = _password_field("Password once more")

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ."""
        values: dict[str, Any] = super().clean() or {}
        if {"password", "again"} <= values.keys() and values["password"] != values["again"]:
            self.add_error("again", "The two passwords differ. Type the same one twice.")
        return values


class PersonForm(PortalForm):
    """Who somebody is, and his or her role."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs=_AS_TYPED),
        help_text="For signing in. Letters, digits and @ . + - _",
    )
    first_name = forms.CharField(max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    last_name = forms.CharField(max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs=_AS_TYPED),
        help_text="For the mail when a batch has ended, and for a link when the password is forgotten.",
    )
    role = forms.ChoiceField(choices=role_choices, widget=forms.RadioSelect, initial=Role.STAFF)

    def facts(self) -> PersonFacts:
        """Return what was typed, once it is valid."""
        return PersonFacts(**{name: self.cleaned_data[name] for name in _NAMES}, role=Role(self.cleaned_data["role"]))


class NewPersonForm(PersonForm, RepeatedPasswordForm):
    """Somebody new, with a password to begin with."""

    field_order = ("username", "first_name", "last_name", "email", "role", "password", "again")


class PersonChangeForm(PersonForm):
    """Somebody as he or she is to be."""

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        initial = {name: getattr(person, name) for name in _NAMES}
        initial["role"] = main_role(person)
        super().__init__(*args, initial=initial, **kwargs)
