"""The list of clones, its CSV, and what can be done with one of them."""

from django.db.models import Max
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_tables2 import RequestConfig

from clones import exports
from clones.filters.jobs import JobFilter
from clones.models import Batch, CloneJob
from clones.permissions import Capability, may
from clones.tables.jobs import JobPages, JobTable
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.lists import arrange, filter_choices
from clones.views.outcomes import cancel_and_tell, retry_and_tell


@needs(Capability.WATCH)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    newest = CloneJob.objects.aggregate(newest=Max("pk"))["newest"]  # before the rows: a job between is "1 new"
    listed = JobFilter(request.GET)
    table = arrange(request, JobTable(JobPages(listed.qs, listed.total)))
    if not may(request.user, Capability.CLONE):
        table.exclude = ("pick",)
    batch = listed.chosen.get("batch")
    context = {
        "listed": listed,
        "batch": Batch.objects.kept().filter(pk=batch).first() if batch else None,
        "tabs": listed.tabs(),
        "table": table,
        "newest": newest,
        "live_url": f"{reverse('clones:job_rows')}?{listed.query()}",
        "active": any(not row.record.is_terminal for row in table.paginated_rows),
        **filter_choices(listed),
    }
    return render(request, "clones/job_list.html", context)


@needs(Capability.WATCH)
@require_safe
def job_list_csv(request: HttpRequest) -> StreamingHttpResponse:
    listed = JobFilter(request.GET)
    table = JobTable(JobPages(listed.qs, total=0))  # for the order alone
    RequestConfig(request, paginate=False).configure(table)
    return csv_response(f"clones-{timezone.now():%Y-%m-%d}.csv", exports.JOB_COLUMNS, exports.job_rows(table.data.data))


@needs(Capability.CLONE)
@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(CloneJob.objects.kept(), pk=pk)
    batches = retry_and_tell(request, [job.pk])
    return redirect("clones:job_detail", batches[0].jobs.get().pk if batches else job.pk)


@needs(Capability.CLONE)
@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(CloneJob.objects.kept(), pk=pk)
    cancel_and_tell(request, [job.pk])
    return redirect("clones:job_detail", job.pk)
