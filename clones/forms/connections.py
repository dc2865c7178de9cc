"""What admins type about a connection. Whether it makes sense is for the operations to say."""

from typing import Any

from django import forms

from clones.ecwid import ECWIDS_API, ECWIDS_SITES
from clones.forms.base import PortalForm
from clones.models import Connection
from clones.operations.connections import ConnectionFacts

_SHOWN = ("name", "api_url", "site_url", "client_id", "rate_limit")


class ConnectionForm(PortalForm):
    """A connection as it is to be. The secret shows nothing that is stored, nor what was typed."""

    name = forms.CharField(max_length=100, help_text="As your staff know it.")
    client_id = forms.CharField(
        label="Client ID",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        help_text="It is stored encrypted and never shown again.",
    )
    api_url = forms.CharField(
        label="Address of the API",
        max_length=300,
        initial=ECWIDS_API,
        help_text="Ecwid's own, unless you try things out with a sandbox on this machine.",
    )
    site_url = forms.CharField(
        label="Address of the Instant Site API",
        required=False,
        max_length=300,
        initial=ECWIDS_SITES,
    )
    rate_limit = forms.IntegerField(
        label="Requests a minute",
        initial=600,
        help_text="Ecwid allows 600, unless your contract says otherwise. The portal stays below it.",
    )

    def __init__(self, *args: Any, connection: Connection | None = None, **kwargs: Any) -> None:
        if connection is not None:
            kwargs["initial"] = {name: getattr(connection, name) for name in _SHOWN}
        super().__init__(*args, **kwargs)
        if connection is not None:
            self.fields["client_secret"].required = False
            self.fields[
                "client_secret"
            ].help_text = "A secret is set: leave this empty to keep it. It is stored encrypted and never shown."

    @property
    def facts(self) -> ConnectionFacts:
        """Return what was typed, for the operations."""
        return ConnectionFacts(**self.cleaned_data)
