"""What somebody types to search for, as a database can take it."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django_filters import CharFilter

LONGEST: Final = 1_000  # longer than what any column holds: what is cut off could only find nothing, and finds nothing


def searchable(text: str) -> str:
    """Return the text without NUL, which PostgreSQL takes not even to search for, and not endlessly long."""
    return text.replace("\0", "").strip()[:LONGEST]


def typed_search(query: Mapping[str, str] | QueryDict) -> str:
    """Return what the address searches for."""
    return searchable(query.get("q", ""))


class _SearchField(forms.CharField):
    def to_python(self, value: Any) -> str:
        """Return what can be searched for."""
        return searchable(super().to_python(value) or "")


class SearchFilter(CharFilter):
    """The search of a list, by its method `search`."""

    field_class = _SearchField

    def __init__(self) -> None:
        super().__init__(label="search", method="search")
