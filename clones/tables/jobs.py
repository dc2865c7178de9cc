"""Lists of clones: the columns, what each sorts by, and pages that cost the same however many clones there are."""

from typing import Any, Final

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import FloatField, Func, QuerySet
from django.db.models.functions import Coalesce, Length, Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_tables2.data import TableQuerysetData

from clones.models import Batch, CloneJob, with_steps
from clones.tables.base import PortalTable, TimeColumn

_READ_ALONG: Final = ("target", "template", "connection", "batch", "created_by")


class JobPages(TableQuerysetData):
    """Jobs by the page. `total` is known already, so nothing is counted again.

    A page is read in two steps, ids first: to skip 100,000 rows joined with four tables takes much longer.
    """

    def __init__(self, jobs: QuerySet[CloneJob], total: int) -> None:
        super().__init__(jobs)
        self._length = total

    def __getitem__(self, page: slice) -> list[CloneJob]:
        """Return the jobs of a page, with what their columns show."""
        ids = self._ids(page)
        jobs = with_steps(CloneJob.objects.select_related(*_READ_ALONG)).in_bulk(ids)
        return [jobs[pk] for pk in ids if pk in jobs]

    def _ids(self, page: slice) -> list[int]:
        """Read the ids of a page: one in the second half from the end backwards, so that less is skipped."""
        ids = self.data.values_list("pk", flat=True)
        if page.start <= self._length // 2:
            return list(ids[page])
        from_end = slice(self._length - min(page.stop, self._length), self._length - page.start)
        return list(ids.reverse()[from_end])[::-1]


class TimeBetween(Func):
    """A later moment less an earlier one, to sort by. On SQLite in days: Django's own calls Python for each row."""

    arity = 2
    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write it in SQLite's own words."""
        return self.as_sql(
            compiler, connection, template="(julianday(%(expressions)s))", arg_joiner=") - julianday(", **context
        )


class PickColumn(tables.Column):
    """A checkbox of the form `selection`; the one in the header needs JavaScript (js/job_list.js)."""

    def __init__(self) -> None:
        super().__init__(accessor="pk", orderable=False, attrs={"td": {"class": "pick"}, "th": {"class": "pick"}})

    @property
    def header(self) -> SafeString:
        """Draw the box that ticks them all."""
        return format_html(
            '<span class="visually-hidden">{}</span>'
            '<input type="checkbox" class="form-check-input" data-pick-all hidden aria-label="{}">',
            "Selected",
            "Select all on this page",
        )

    def render(self, record: CloneJob) -> SafeString:
        """Draw the box of one job."""
        return format_html(
            '<input type="checkbox" class="form-check-input" form="selection" name="job" value="{0}" '
            'id="job-{0}-pick" data-pick aria-label="Select clone {0} into {1}">',
            record.pk,
            record.target.store_id or record.target.email,
        )


class PartColumn(tables.Column):
    """A cell of fragments, each `clones/_job_<part>.html`, the same as in a live answer."""

    empty_values = ()

    def __init__(self, *parts: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template_names = [f"clones/_job_{part}.html" for part in parts]

    def render(self, record: CloneJob) -> SafeString:
        """Draw the job's parts."""
        return mark_safe("".join(render_to_string(name, {"job": record}) for name in self.template_names))  # noqa: S308  drawn by templates


def _named(name: str) -> dict[str, dict[str, str]]:
    """Return a column's classes: on a phone its cells find their place by them."""
    return {"th": {"class": f"job-{name}"}, "td": {"class": f"job-{name}"}}


class JobTable(PortalTable):
    """Clones, newest first. Sorting is stable: what is equal is in the order of the ids."""

    caption = "Clones"

    pick = PickColumn()
    status = PartColumn("status", "row_steps", order_by=("status", "-pk"), attrs=_named("status-cell"))
    target = PartColumn("target", verbose_name="Target store", attrs=_named("target"))
    template = PartColumn("template", order_by=("template__name", "pk"), attrs=_named("template"))
    batch = tables.Column(order_by=("batch_id", "pk"), attrs=_named("batch"))
    created_by = tables.Column(verbose_name="By", order_by=("created_by__username", "pk"), attrs=_named("by"))
    created_at = TimeColumn(verbose_name="Asked for", order_by=("pk",), attrs=_named("asked"))
    took = PartColumn("took", verbose_name="Took", accessor="pk", attrs=_named("took num"))

    class Meta(PortalTable.Meta):
        order_by = "-created_at"

    def render_batch(self, value: Batch) -> SafeString:
        """Link to the batch; its name may be anybody's words."""
        return format_html('<a href="{}"><bdi>{}</bdi></a>', reverse("clones:batch_detail", args=[value.pk]), value)

    def render_created_by(self, value: User) -> SafeString:
        """Write who asked for it."""
        return format_html("<bdi>{}</bdi>", value.get_full_name() or value.username)

    def order_target(self, queryset: QuerySet[CloneJob], is_descending: bool) -> tuple[QuerySet[CloneJob], bool]:  # noqa: FBT001  as django-tables2 calls it
        """Sort by store ID as by a number."""
        sign = "-" if is_descending else ""
        digits = queryset.alias(digits=Length("target__store_id"))
        return digits.order_by(f"{sign}digits", f"{sign}target__store_id", "-pk"), True

    def order_took(self, queryset: QuerySet[CloneJob], is_descending: bool) -> tuple[QuerySet[CloneJob], bool]:  # noqa: FBT001  as django-tables2 calls it
        """Sort by the time from the first POST to the end, or until now; what never got that far comes last."""
        length = TimeBetween(Coalesce("finished_at", Now()), "trying_since")
        ordered = length.desc(nulls_last=True) if is_descending else length.asc(nulls_last=True)
        return queryset.order_by(ordered, "-pk"), True


class BatchJobTable(JobTable):
    """The clones of one batch: without what is the same for all of them. `copied`: for rows that differ in it."""

    copied = PartColumn("copied", accessor="pk", orderable=False, attrs=_named("copied"))

    class Meta(JobTable.Meta):
        exclude = ("pick", "batch", "template", "created_by", "created_at")
        sequence = ("status", "target", "copied", "...")
