"""Batches: the list, a batch's page with its clones, and what can be done with all of them."""

from typing import Any, Final

from django.db.models import BigIntegerField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from clones import exports
from clones.choices import ENDED_BADLY, JobStatus
from clones.filters.batches import BatchFilter
from clones.filters.jobs import JobFilter, counts_by_status
from clones.models import Batch, CloneJob
from clones.permissions import Capability
from clones.progress import Progress, still_to_retry
from clones.tables.batches import BatchPages, BatchTable
from clones.tables.jobs import JobPages, JobTable
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.lists import arrange, filter_choices
from clones.views.outcomes import cancel_and_tell, retry_and_tell
from clones.views.rows import Beside, live

# Columns that a batch page can do without.
_SAME_FOR_ALL: Final = ("pick", "batch", "template", "created_by", "created_at")


@needs(Capability.WATCH)
@require_safe
def batch_list(request: HttpRequest) -> HttpResponse:
    listed = BatchFilter(request.GET)
    table = arrange(request, BatchTable(BatchPages(listed.qs)))
    context = {"listed": listed, "table": table, **filter_choices(listed)}
    return render(request, "clones/batch_list.html", context)


@needs(Capability.WATCH)
@require_safe
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.select_related("template__connection", "created_by"), pk=pk)
    listed = _listed(request, batch.jobs.all())
    table = JobTable(JobPages(listed.qs, listed.total), exclude=_SAME_FOR_ALL)
    context = {
        "batch": batch,
        "retries": batch.retries.order_by("pk"),
        "listed": listed,
        "table": arrange(request, table),
        "live_url": f"{reverse('clones:batch_live', args=[pk])}?{listed.query()}",
        **_beside(listed, pk),
    }
    return render(request, "clones/batch_detail.html", context)


def _listed(request: HttpRequest, jobs: QuerySet[CloneJob]) -> JobFilter:
    """Return the clones of a batch in the order in which they were asked for; `status` is the one filter here."""
    query = QueryDict(mutable=True)
    query["status"] = request.GET.get("status", "")
    return JobFilter(query, jobs.order_by("pk"))


def _beside(listed: JobFilter, pk: int) -> dict[str, Any]:
    """Return what stands beside the clones of a batch and is kept up to date along with them. Two queries."""
    return {"progress": Progress(listed.counts), "left": still_to_retry(pk), "tabs": listed.tabs(), "batch_id": pk}


@needs(Capability.WATCH)
@require_safe
def batch_live(request: HttpRequest, pk: int) -> HttpResponse:
    jobs = CloneJob.objects.filter(batch_id=min(pk, BigIntegerField.MAX_BIGINT))  # SQLite stumbles over larger ones
    progress = Progress(counts_by_status(jobs))
    if not progress.total:  # no batch is without clones, so that it need not be looked up itself
        raise Http404
    # What the page lists is read where something has changed only: unchanged answers are the most.
    beside = Beside(
        "clones/_batch_live.html",
        progress.token,
        progress.active > 0,
        lambda: _beside(_listed(request, jobs), pk),
    )
    return live(request, jobs, beside)


@needs(Capability.CLONE)
@require_POST
def batch_retry(request: HttpRequest, pk: int) -> HttpResponse:
    ended_badly = _ids(_jobs(pk).filter(status__in=ENDED_BADLY))
    batches = retry_and_tell(request, ended_badly)
    return redirect("clones:batch_detail", batches[0].pk if batches else pk)


@needs(Capability.CLONE)
@require_POST
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    cancel_and_tell(request, _ids(_jobs(pk).filter(status=JobStatus.WAITING)))
    return redirect("clones:batch_detail", pk)


@needs(Capability.WATCH)
@require_safe
def batch_results_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    rows = exports.job_rows(_jobs(pk).order_by("pk"))
    return csv_response(f"batch-{pk}-results.csv", exports.JOB_COLUMNS, rows)


@needs(Capability.WATCH)
@require_safe
def batch_mappings_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    completed = _ids(_jobs(pk).filter(status=JobStatus.COMPLETED))
    return csv_response(f"batch-{pk}-mappings.csv", exports.MAPPING_COLUMNS, exports.mapping_rows(completed))


def _jobs(pk: int) -> QuerySet[CloneJob]:
    """Return the clones of a batch. Raises Http404 where there is no such batch."""
    return get_object_or_404(Batch, pk=pk).jobs.all()


def _ids(jobs: QuerySet[CloneJob]) -> list[int]:
    return list(jobs.order_by("pk").values_list("pk", flat=True))
