"""The columns that all lists share. A table is drawn by `components/table.html`."""

from datetime import datetime
from typing import Any

import django_tables2 as tables

from clones.templatetags import portal


class NumberColumn(tables.Column):
    """A whole number, right-aligned; a dash where it is not known."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"td": {"class": "num"}, "th": {"class": "num"}}
        super().__init__(**{"attrs": attrs, "default": portal.EMPTY, **kwargs})

    def render(self, value: int) -> str:
        """Write it with its thousands apart."""
        return portal.number(value)


class TimeColumn(tables.Column):
    """A moment in the person's zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"attrs": {"td": {"class": "nowrap"}}, "default": portal.EMPTY, **kwargs})

    def render(self, value: datetime) -> str:
        """Draw it as all times are drawn."""
        return portal.when(value)


class PortalTable(tables.Table):
    """A list in the portal's look; `Meta.caption` names it for screen readers."""

    caption = ""

    class Meta:
        order_by_field = "sort"
