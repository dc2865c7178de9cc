"""The list of batches."""

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.data import TableQuerysetData

from clones.models import Batch
from clones.progress import with_progress
from clones.tables.base import PortalTable, TimeColumn


class BatchPages(TableQuerysetData):
    """Batches by the page, each with how far it is (`progress`)."""

    def __getitem__(self, page: slice) -> list[Batch]:
        """Return the batches of a page."""
        found = with_progress(self.data.select_related("template", "connection", "created_by")[page])
        for batch, progress in found:
            batch.progress = progress  # type: ignore[attr-defined]  # the column's own
        return [batch for batch, _ in found]


class CellColumn(tables.Column):
    """A cell with a template of its own, which is given the row as `batch` and how far it is as `progress`."""

    empty_values = ()

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(accessor="pk", **kwargs)
        self.template_name = template_name

    def render(self, record: Batch) -> SafeString:
        """Draw the cell."""
        return render_to_string(self.template_name, {"batch": record, "progress": getattr(record, "progress", None)})


class BatchTable(PortalTable):
    """Batches, newest first."""

    caption = "Batches"

    name = CellColumn(
        "clones/_batch_name.html", verbose_name="Batch", order_by=("name", "pk"), attrs={"td": {"class": "batch-name"}}
    )
    state = CellColumn("clones/_batch_progress.html", orderable=False)
    template = CellColumn(
        "clones/_batch_template.html", order_by=("template__name", "pk"), attrs={"td": {"class": "batch-template"}}
    )
    created_by = tables.Column(
        verbose_name="By", order_by=("created_by__username", "pk"), attrs={"td": {"class": "batch-by"}}
    )
    created_at = TimeColumn(verbose_name="Asked for", order_by=("pk",))

    class Meta(PortalTable.Meta):
        order_by = "-created_at"

    def render_created_by(self, value: User) -> SafeString:
        """Write who asked for it."""
        return format_html("<bdi>{}</bdi>", value.get_full_name() or value.username)
