"""The list of connections: the columns."""

from typing import Any

import django_tables2 as tables
from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from clones.models import Connection
from clones.tables.base import NumberColumn, PortalTable


def with_counts(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    """Read along how many template stores are in use over each."""
    return connections.select_related("paused_by").annotate(
        templates_in_use=Count("templates", filter=Q(templates__archived_at=None))
    )


class CellColumn(tables.Column):
    """A cell with a template of its own, which is given the row as `connection`."""

    empty_values = ()

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template_name = template_name

    def render(self, record: Connection) -> SafeString:
        """Draw the cell."""
        return render_to_string(self.template_name, {"connection": record, "now": timezone.now()})


def _number(label: str) -> dict[str, dict[str, str]]:
    """Return a number's classes, and the label that it carries on a phone, where there is no header."""
    return {"th": {"class": "num"}, "td": {"class": "num", "data-label": label}}


class ConnectionTable(PortalTable):
    """Connections by name."""

    caption = "Connections"

    name = CellColumn("clones/_connection_name.html", order_by=("name",))
    state = CellColumn("clones/_connection_state.html", accessor="pk", orderable=False)
    templates_in_use = NumberColumn(
        verbose_name="Templates in use", order_by=("templates_in_use", "name"), attrs=_number("Templates in use")
    )
    rate_limit = NumberColumn(
        verbose_name="Requests a minute", order_by=("rate_limit", "name"), attrs=_number("Requests a minute")
    )

    class Meta(PortalTable.Meta):
        order_by = "name"
