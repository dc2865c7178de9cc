"""What all filters out of an address share: a value that makes no sense is passed over, and named."""

from typing import Any, Final

from django import forms
from django_filters import Filter, FilterSet

_LARGEST_ID: Final = 2**63 - 1


class IdFilter(Filter):
    """The id of what a row belongs to. One that does not exist matches nothing, and no query asks whether it does."""

    field_class = forms.IntegerField

    def __init__(self, column: str, label: str) -> None:
        super().__init__(field_name=column, label=label, min_value=1, max_value=_LARGEST_ID)


class AddressFilter(FilterSet):
    """Rows as an address asks for them."""

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the filters that are in force, by name."""
        self.form.is_valid()  # reads the address, once
        return {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")}

    @property
    def passed_over(self) -> list[str]:
        """Return a sentence for each value of the address that makes no sense."""
        labels = (str(self.filters[name].label) for name in self.form.errors)
        return [f"The {label} in the address makes no sense and was passed over." for label in labels]
