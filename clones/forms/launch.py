"""What staff type to start clones."""

from typing import Any

from django import forms

from clones.choices import CloneScope
from clones.forms.base import PortalForm, TickBox
from clones.forms.typed_stores import typed_stores
from clones.models import TemplateStore
from clones.operations.cells import LONGEST_NAME
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name


class LaunchForm(PortalForm):
    """One template into one or many target stores. Every mistake is said at once."""

    template = forms.ModelChoiceField(
        TemplateStore.objects.none(),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose the template store to copy.",
            "invalid_choice": "This template store is not there any more, or archived: choose another one.",
        },
    )
    targets = forms.CharField(
        label="Store IDs",
        max_length=500_000,
        strip=False,  # of a table, the last row's empty cells
        widget=forms.Textarea(attrs={"class": "mono", "rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One or many: one a line, or with commas, semicolons or spaces between them. What may be no store is "
        "asked about.",
        error_messages={"required": "Name at least one target store."},
    )
    scope = forms.ChoiceField(choices=CloneScope.choices, initial=CloneScope.ALL, widget=forms.RadioSelect)
    clone_demo_catalog = forms.BooleanField(
        label="Demo products too",
        required=False,
        widget=TickBox,
        help_text="Also copies the sample products that Ecwid puts into new stores. Means nothing for settings only.",
    )
    name = forms.CharField(
        label="Name of this batch",
        required=False,
        max_length=LONGEST_NAME,
        help_text="Optional: the list of batches shows it and finds it.",
    )
    leave_out_busy = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        templates = TemplateStore.objects.filter(archived_at=None).select_related("connection")
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]

    def clean_scope(self) -> CloneScope:
        """Return the member."""
        return CloneScope(self.cleaned_data["scope"])

    def clean_name(self) -> str:
        """Refuse what is not one line of text."""
        name: str = self.cleaned_data["name"].strip()
        try:
            check_name(name)
        except InvalidRequestError as error:
            raise forms.ValidationError(str(error)) from None
        return name

    def clean(self) -> dict[str, Any]:
        """Put the `Wanted` in place of the text, or tell of each store what is doubtful or wrong."""
        values: dict[str, Any] = super().clean() or {}
        if "targets" not in values:
            return values
        scope = values.get("scope", CloneScope.ALL)
        demo = values["clone_demo_catalog"]
        try:
            typed = typed_stores(values["targets"], values.get("template"), scope, clone_demo_catalog=demo)
        except InvalidRequestError as error:
            self.add_error("targets", str(error))
            return values
        values["targets"] = typed.wanted
        if typed.complaints:
            self.add_error("targets", typed.complaints)
        elif not typed.wanted:
            self.add_error("targets", self.fields["targets"].error_messages["required"])
        return values
