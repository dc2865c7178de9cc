"""What staff type in the wizard's steps, but for the cells of rows (`views/draft_cells`)."""

import re
from typing import Any, Final

from django import forms

from clones.choices import CloneScope
from clones.forms.base import PortalForm
from clones.forms.launch import LaunchForm
from clones.imports import MOST_ROWS
from clones.models import TemplateStore
from clones.operations.cells import LONGEST_NAME
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name

LONGEST_PASTE: Final = 500_000


def is_id(text: str) -> bool:
    """Tell whether a text out of an address or a form may be the id of a row: short enough for any database."""
    return re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) is not None


class DraftTemplateForm(PortalForm):
    """What is copied."""

    template = forms.ModelChoiceField(
        TemplateStore.objects.none(),
        widget=forms.RadioSelect,
        error_messages=LaunchForm.base_fields["template"].error_messages,
    )
    scope = forms.ChoiceField(choices=CloneScope.choices, widget=forms.RadioSelect)
    clone_demo_catalog = forms.BooleanField(
        label="Demo products too",
        required=False,
        help_text="Also copies the sample products that Ecwid puts into new stores. Means nothing for settings only.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = TemplateStore.objects.filter(archived_at=None)  # type: ignore[attr-defined]

    def clean_scope(self) -> CloneScope:
        """Return the member."""
        return CloneScope(self.cleaned_data["scope"])


class DraftTargetsForm(PortalForm):
    """Stores to add: pasted, out of a file, or known; all at once where one likes."""

    pasted = forms.CharField(
        label="Paste store IDs",
        required=False,
        max_length=LONGEST_PASTE,
        strip=False,  # of a table, the last row's empty cells
        widget=forms.Textarea(attrs={"class": "mono", "rows": 7, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One a line, or with commas, semicolons or spaces between them. A column of a spreadsheet, a table "
        "with its column names or an e-mail will do: what may be no store is asked about.",
    )
    file = forms.FileField(
        label="Choose a CSV file",
        required=False,
        allow_empty_file=True,  # the reader says what is missing
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=f"With a line of column names, and at most {MOST_ROWS:,} rows.",
    )
    known = forms.TypedMultipleChoiceField(required=False, coerce=int)
    replace = forms.BooleanField(
        label="Replace the stores that are listed now",
        required=False,
        help_text="Otherwise these are added to them.",
    )
    q = forms.CharField(required=False, max_length=200, strip=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["known"].valid_value = is_id  # type: ignore[attr-defined]  # what is unknown finds nothing

    def clean_pasted(self) -> str:
        """Return the text, "" where it is blank."""
        text: str = self.cleaned_data["pasted"]
        return text if text.strip() else ""

    def clean(self) -> dict[str, Any]:
        """Refuse an empty form, unless it only searches."""
        values: dict[str, Any] = super().clean() or {}
        is_empty = not (values.get("pasted") or values.get("file") or values.get("known"))
        if is_empty and not self.errors and "find" not in self.data:
            self.add_error(None, "Paste store IDs, choose a file or tick known stores: there is nothing to add yet.")
        return values


class DraftReviewForm(PortalForm):
    """How the batch is to be launched."""

    name = forms.CharField(
        label="Name of this batch",
        required=False,
        max_length=LONGEST_NAME,
        help_text="Optional: the list of batches shows it and finds it.",
    )
    canary = forms.BooleanField(
        label="First one store alone",
        required=False,
        help_text="The other stores follow by themselves once the first clone has ended well; if it does not, they "
        "wait for you.",
    )
    only_valid = forms.BooleanField(required=False, widget=forms.HiddenInput)
    with_blocked = forms.BooleanField(required=False, widget=forms.HiddenInput)
    leave_out_busy = forms.BooleanField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_name(self) -> str:
        """Refuse what is not one line of text."""
        name: str = self.cleaned_data["name"].strip()
        try:
            check_name(name)
        except InvalidRequestError as error:
            raise forms.ValidationError(str(error)) from None
        return name
