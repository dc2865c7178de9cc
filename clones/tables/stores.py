"""Lists of template and target stores: the columns, and pages that cost the same however many stores there are."""

from typing import Any

import django_tables2 as tables
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django_tables2.data import TableQuerysetData

from clones.choices import JobStatus
from clones.models import CloneJob, TargetStore, TemplateStore
from clones.tables.base import NumberColumn, PortalTable, TimeColumn
from clones.tables.jobs import JobTable


class CellColumn(tables.Column):
    """A cell with a template of its own, which is given the row as `store`."""

    empty_values = ()

    def __init__(self, template_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template_name = template_name

    def render(self, record: TemplateStore | TargetStore) -> SafeString:
        """Draw the cell."""
        return render_to_string(self.template_name, {"store": record})


def with_history(templates: QuerySet[TemplateStore]) -> QuerySet[TemplateStore]:
    """Read along what was made from each: `made` completed clones, the last one `cloned_at`; and `products` it has."""
    done = CloneJob.objects.filter(template=OuterRef("pk"), status=JobStatus.COMPLETED).order_by()
    count = done.values("template").annotate(count=Count("*")).values("count")
    return templates.select_related("connection").annotate(
        made=Coalesce(Subquery(count), 0),
        cloned_at=Subquery(done.order_by("-finished_at").values("finished_at")[:1]),
        products=Coalesce("tested_product_count", "product_count"),
        categories=Coalesce("tested_category_count", "category_count"),
    )


class StorePages(TableQuerysetData):
    """Stores by the page. `total` is known already, so nothing is counted again."""

    def __init__(self, stores: QuerySet[Any], total: int) -> None:
        super().__init__(stores)
        self._length = total


class TargetPages(StorePages):
    """Targets by the page, each with its latest job as `last_job`: ids first, so that sorting reads nothing else."""

    def __getitem__(self, page: slice) -> list[TargetStore]:
        """Return the targets of a page, with what their columns show."""
        ids = list(self.data.values_list("pk", flat=True)[page])
        stores = TargetStore.objects.select_related("connection").annotate(last_job_id=latest_job()).in_bulk(ids)
        jobs = CloneJob.objects.select_related("template").in_bulk(
            [store.last_job_id for store in stores.values() if store.last_job_id]
        )
        for store in stores.values():
            store.last_job = jobs.get(store.last_job_id)  # type: ignore[attr-defined]  # the columns' own
        return [stores[pk] for pk in ids if pk in stores]


def latest_job() -> Subquery:
    """Return the id of a target's latest job, as part of a query over targets."""
    return Subquery(CloneJob.objects.filter(target=OuterRef("pk")).order_by("-pk").values("pk")[:1])


def _named(name: str, label: str = "", kind: str = "") -> dict[str, dict[str, str]]:
    """Return a column's classes, and the label that its cells carry on a phone, where there is no header."""
    classes = {"class": f"store-{name} {kind}".strip()}
    return {"th": classes, "td": {**classes, "data-label": label} if label else classes}


class TemplateTable(PortalTable):
    """Template stores by name."""

    caption = "Template stores"

    name = CellColumn("clones/_template_name.html", order_by=("name", "pk"), attrs=_named("name"))
    connection = CellColumn(
        "clones/_store_connection.html", order_by=("connection__name", "name", "pk"), attrs=_named("connection")
    )
    products = NumberColumn(order_by=("products", "pk"), attrs=_named("products", "Products", "num"))
    categories = NumberColumn(order_by=("categories", "pk"), attrs=_named("categories", "Categories", "num"))
    tested_at = TimeColumn(verbose_name="Tested", order_by=("tested_at", "pk"), attrs=_named("tested", "Tested"))
    made = NumberColumn(verbose_name="Clones made", order_by=("made", "pk"), attrs=_named("made", "Clones made", "num"))
    cloned_at = TimeColumn(
        verbose_name="Last cloned", order_by=("cloned_at", "pk"), attrs=_named("cloned", "Last cloned")
    )

    class Meta(PortalTable.Meta):
        order_by = "name"


class TargetTable(PortalTable):
    """Target stores, the newest first."""

    caption = "Target stores"

    store = CellColumn("clones/_target_name.html", accessor="pk", verbose_name="Store", attrs=_named("name"))
    connection = CellColumn(
        "clones/_store_connection.html", order_by=("connection__name", "pk"), attrs=_named("connection")
    )
    last_job = CellColumn(
        "clones/_target_last_job.html", accessor="pk", verbose_name="Latest clone", attrs=_named("last")
    )
    token = CellColumn("clones/_store_token.html", orderable=False, attrs=_named("token", "Token"))
    created_at = TimeColumn(verbose_name="Added", order_by=("pk",), attrs=_named("added", "Added"))

    class Meta(PortalTable.Meta):
        order_by = "-created_at"

    def order_store(self, queryset: QuerySet[TargetStore], is_descending: bool) -> tuple[QuerySet[TargetStore], bool]:  # noqa: FBT001  as django-tables2 calls it
        """Sort by store ID as by a number."""
        digits = queryset.alias(digits=Length("store_id"))
        sign = "-" if is_descending else ""
        return digits.order_by(f"{sign}digits", f"{sign}store_id", "pk"), True

    def order_last_job(
        self,
        queryset: QuerySet[TargetStore],
        is_descending: bool,  # noqa: FBT001  as django-tables2 calls it
    ) -> tuple[QuerySet[TargetStore], bool]:
        """Sort by when the latest clone was asked for; what was never cloned into comes last."""
        last = F("last_job_id")
        order = last.desc(nulls_last=True) if is_descending else last.asc(nulls_last=True)
        return queryset.annotate(last_job_id=latest_job()).order_by(order, "-pk"), True


class JobsOfTarget(JobTable):
    """The clones into one target store: the link that is otherwise the store's is the clone's own."""

    clone = tables.Column(
        accessor="pk",
        order_by=("pk",),
        linkify=("clones:job_detail", {"pk": tables.A("pk")}),
        attrs={"th": {"class": "job-target"}, "td": {"class": "job-target"}},
    )

    class Meta(JobTable.Meta):
        sequence = ("status", "clone", "...")

    def render_clone(self, value: int) -> str:
        """Name the clone."""
        return f"Clone {value}"
