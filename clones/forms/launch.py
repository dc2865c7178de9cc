"""What staff type to start clones."""

import re
from typing import Any, Final

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from clones.choices import CloneScope
from clones.forms.base import PortalForm, TickBox
from clones.models import TemplateStore
from clones.operations.cells import LONGEST_NAME
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name
from clones.operations.store_ids import check_store_id
from clones.operations.two_sides import NEVER_A_TARGET, templates_among

MOST_TARGETS: Final = 5_000
MOST_NAMED: Final = 50  # wrong IDs that a sentence names; of more it says how many
_LONGEST_NAMED: Final = 40
_BETWEEN: Final = re.compile(r"[\s,;]+")


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
        widget=forms.Textarea(attrs={"class": "mono", "rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One or many: one a line, or with commas, semicolons or spaces between them.",
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
        self._store_ids: list[str] = []  # those that are right, also where others are not

    def clean_targets(self) -> list[str]:
        """Return the store IDs in their order, each once; name all that are none."""
        texts = [text for text in _BETWEEN.split(self.cleaned_data["targets"]) if text]
        wanted = list(dict.fromkeys(texts))
        if len(wanted) > MOST_TARGETS:
            message = f"These are {len(wanted):,} stores: start at most {MOST_TARGETS:,} at once."
            raise forms.ValidationError(message)
        self._store_ids = [text for text in wanted if _is_store_id(text)]
        wrong = [text for text in wanted if not _is_store_id(text)]
        if wrong:
            raise forms.ValidationError(_wrong_ids(wrong, len(wanted)))
        if not wanted:
            raise forms.ValidationError(self.fields["targets"].error_messages["required"])
        return wanted

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
        """Name every template store among the targets: a template is never one."""
        values: dict[str, Any] = super().clean() or {}
        template = values.get("template")
        if template:
            rivals = templates_among(template.connection, self._store_ids)
            named = {rival.store_id: rival.name for rival in rivals}
            if named:
                self.add_error("targets", _never_targets(named))
        return values


def _is_store_id(text: str) -> bool:
    try:
        check_store_id(text)
    except InvalidRequestError:
        return False
    return True


def _wrong_ids(wrong: list[str], count: int) -> SafeString:
    short = (text if len(text) <= _LONGEST_NAMED else f"{text[:_LONGEST_NAMED]}…" for text in wrong[:MOST_NAMED])
    named = format_html_join(", ", "“<bdi>{}</bdi>”", ((text,) for text in short))
    more = f" and {len(wrong) - MOST_NAMED:,} more" if len(wrong) > MOST_NAMED else ""
    are = "is no store ID" if len(wrong) == 1 else "are no store IDs"
    sentence = "{} of {} {}: {}{}. A store ID is a number without leading zeros, like 1003."
    return format_html(sentence, f"{len(wrong):,}", f"{count:,}", are, named, more)


def _never_targets(templates: dict[str, str]) -> SafeString:
    named = format_html_join(", ", "{} (“<bdi>{}</bdi>”)", templates.items())
    return format_html(NEVER_A_TARGET, named)
