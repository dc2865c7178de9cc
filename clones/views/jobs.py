"""The list of clones, its CSV, and what can be done with one of them."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_tables2 import RequestConfig

from clones import exports
from clones.filters.jobs import JobFilter
from clones.models import Batch, CloneJob, TemplateStore
from clones.permissions import Capability, may
from clones.tables.jobs import JobPages, JobTable
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.lists import arrange
from clones.views.outcomes import cancel_and_tell, retry_and_tell


@needs(Capability.WATCH)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    newest = CloneJob.objects.aggregate(newest=Max("pk"))["newest"]  # before the rows: a job between is "1 new"
    listed = JobFilter(request.GET)
    table = arrange(request, JobTable(JobPages(listed.qs, listed.total)))
    if not may(request.user, Capability.CLONE):
        table.exclude = ("pick",)
    context = {
        "listed": listed,
        "tabs": listed.tabs(),
        "table": table,
        "newest": newest,
        "live_url": f"{reverse('clones:job_rows')}?{listed.query()}",
        "active": any(not row.record.is_terminal for row in table.paginated_rows),
        **_choices(listed),
    }
    return render(request, "clones/job_list.html", context)


def _choices(listed: JobFilter) -> dict[str, Any]:
    """Return what the filters offer, and whether one asks for something that is not there."""
    templates, people = list(TemplateStore.objects.all()), list(User.objects.order_by("username"))
    template, user, batch = (listed.chosen.get(name) for name in ("template", "user", "batch"))
    return {
        "templates": templates,
        "people": people,
        "batch": Batch.objects.filter(pk=batch).first() if batch else None,
        "template_is_unknown": template and template not in {store.pk for store in templates},
        "person_is_unknown": user and user not in {person.pk for person in people},
    }


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
    job = get_object_or_404(CloneJob, pk=pk)
    batches = retry_and_tell(request, [job.pk])
    return redirect("clones:job_detail", batches[0].jobs.get().pk if batches else job.pk)


@needs(Capability.CLONE)
@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(CloneJob, pk=pk)
    cancel_and_tell(request, [job.pk])
    return redirect("clones:job_detail", job.pk)
