"""What all forms share: Tabler's classes on their widgets, and an operation's refusal shown at its field."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from clones.operations.errors import InvalidRequestError

_CLASSES = {
    forms.CheckboxInput: "form-check-input",
    forms.RadioSelect: "form-check-input",
    forms.CheckboxSelectMultiple: "form-check-input",
    forms.Select: "form-select",
}
_NOT_TICKED: Final = frozenset({"", "0", "false", "no", "off"})


class PortalForm(forms.Form):
    """A form in the portal's look."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field.widget)

    def refuse(self, error: InvalidRequestError) -> None:
        """Show what an operation said no with, at the field that it names or above the form."""
        field = getattr(error, "field", None)
        self.add_error(field if field in self.fields else None, str(error))


def dress(widget: forms.Widget) -> None:
    """Give a widget its class, beside those that it has."""
    name = next((name for kind, name in _CLASSES.items() if isinstance(widget, kind)), "form-control")
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} {name}".strip()


def is_ticked(text: str) -> bool:
    """Tell whether a text in the place of a tick is one: browsers leave an empty box out, scripts send words."""
    return text.strip().lower() not in _NOT_TICKED


class TickBox(forms.CheckboxInput):
    """A checkbox that scripts may fill in too: Django's own takes "0", "no" and "off" for a tick."""

    def value_from_datadict(self, data: Mapping[str, Any], _files: Any, name: str) -> bool:
        """Tell whether it is ticked."""
        return is_ticked(data.get(name, ""))
