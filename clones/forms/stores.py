"""What admins type about template and target stores. Whether it makes sense is for the operations to say."""

from typing import Any

from django import forms

from clones.forms.base import PortalForm
from clones.forms.typed_stores import typed_stores
from clones.models import Connection, TargetStore, TemplateStore
from clones.operations.cells import LONGEST_TOKEN
from clones.operations.errors import InvalidRequestError

_TOKEN_HINT = "It begins with “secret_” and is never shown again."  # noqa: S105  a sentence about tokens


def token_field(help_text: str) -> forms.CharField:
    """Return a field for a store's access token: it shows nothing that is stored, nor what was typed."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(
        label="Store token", required=False, max_length=LONGEST_TOKEN, widget=widget, help_text=help_text
    )


def store_id_field() -> forms.CharField:
    """Return a field for one store ID."""
    widget = forms.TextInput(attrs={"class": "mono", "inputmode": "numeric", "autocomplete": "off"})
    return forms.CharField(
        label="Store ID", max_length=40, widget=widget, help_text="The number that Ecwid shows for the store."
    )


class ConnectionChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # the stubs want one, Django takes none
    """The connection that a store belongs to; chosen already where there is only one."""

    def __init__(self) -> None:
        super().__init__(
            Connection.objects.all(), empty_label="Choose one", help_text="The application at Ecwid that clones it."
        )

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Choose the only one beforehand."""
        found = list(self.queryset[:2]) if self.queryset is not None else []
        if len(found) == 1:
            form.initial[field_name] = found[0].pk
        return super().get_bound_field(form, field_name)


class TokenChange(PortalForm):
    """What is to become of a store's token; `wanted_token` is for `StoreFacts`: None keeps it, "" removes it."""

    token = token_field("")
    remove_token = forms.BooleanField(label="Forget the token that is set", required=False)
    field_order = ("name", "label", "token", "remove_token")

    def __init__(self, *args: Any, store: TemplateStore | TargetStore, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if store.token:
            self.fields["token"].help_text = f"A token is set: leave this empty to keep it. {_TOKEN_HINT}"
        else:
            self.fields["token"].help_text = f"No token is set. {_TOKEN_HINT}"
            del self.fields["remove_token"]

    def clean(self) -> dict[str, Any]:
        """Refuse a new token that is to be forgotten at once."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("token") and values.get("remove_token"):
            self.add_error("remove_token", "Either enter a new token, or forget the one that is set.")
        return values

    @property
    def wanted_token(self) -> str | None:
        """Return the token as typed, "" where it is to be forgotten, None where it stays."""
        return self.cleaned_data["token"] or ("" if self.cleaned_data.get("remove_token") else None)


class TemplateForm(PortalForm):
    """A new template store."""

    connection = ConnectionChoice()
    store_id = store_id_field()
    name = forms.CharField(max_length=200, help_text="As your staff know it.")
    token = token_field(f"Optional: with it the portal can read the store's counts. {_TOKEN_HINT}")


class TemplateChangeForm(TokenChange):
    """A template store as it is to be."""

    name = forms.CharField(max_length=200, help_text="As your staff know it.")

    def __init__(self, *args: Any, store: TemplateStore, **kwargs: Any) -> None:
        super().__init__(*args, store=store, initial={"name": store.name}, **kwargs)


class TargetForm(PortalForm):
    """New target stores: one, or many at once."""

    connection = ConnectionChoice()
    store_ids = forms.CharField(
        label="Store IDs",
        max_length=500_000,
        strip=False,  # of a table, the last row's empty cells
        widget=forms.Textarea(attrs={"class": "mono", "rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One or many: one a line, or with commas or spaces between them.",
    )
    label = forms.CharField(
        required=False, max_length=200, help_text="Optional, for one store: the customer's name, for example."
    )
    token = token_field(f"Optional, for one store. {_TOKEN_HINT}")

    def clean_store_ids(self) -> list[str]:
        """Return the IDs, each once, or tell of each what is doubtful or wrong."""
        try:
            typed = typed_stores(self.cleaned_data["store_ids"])
        except InvalidRequestError as error:
            raise forms.ValidationError(str(error)) from None
        if any(wanted.name or wanted.label or wanted.token for wanted in typed.wanted):
            raise forms.ValidationError("Only store IDs are read here: paste them alone, without labels and tokens.")
        if typed.complaints:
            raise forms.ValidationError(typed.complaints)
        return [wanted.store_id for wanted in typed.wanted]


class TargetChangeForm(TokenChange):
    """A target store as it is to be."""

    label = forms.CharField(required=False, max_length=200, help_text="The customer's name, for example.")

    def __init__(self, *args: Any, store: TargetStore, **kwargs: Any) -> None:
        super().__init__(*args, store=store, initial={"label": store.label}, **kwargs)
