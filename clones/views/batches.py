"""Batches: the list, a batch's page with its clones, and its CSV files."""

from typing import Any

from django.db.models import BigIntegerField, Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from clones import exports
from clones.choices import BatchState, CloneScope, JobStatus
from clones.engine.retention import kept_until
from clones.filters.batches import BatchFilter
from clones.filters.jobs import JobFilter
from clones.models import Batch, CloneJob, needing_person
from clones.operations.cancel import cancelable
from clones.permissions import Capability
from clones.progress import Progress, progress_of, still_to_retry
from clones.tables.batches import BatchPages, BatchTable
from clones.tables.jobs import BatchJobTable, JobPages
from clones.templatetags.portal import number
from clones.views.causes import MOST_CAUSES, MOST_NAMED, Hold, causes, sites_gone_wrong
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.draft_left_out import LeftOutRows
from clones.views.lists import arrange, filter_choices
from clones.views.rows import Beside, live


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
    batch = _batch(pk)
    progress = progress_of([pk])[pk]
    listed = _listed(request, batch.jobs.all(), progress)
    kinds = _kinds(batch)
    table = BatchJobTable(JobPages(listed.qs, listed.total))
    if len(kinds) == 1:
        table.exclude = (*table.exclude, "copied")
    context = {
        "left_out": LeftOutRows.of(batch),
        "retries": batch.retries.order_by("pk"),
        "kinds": kinds,
        "listed": listed,
        "table": arrange(request, table),
        "live_url": f"{reverse('clones:batch_live', args=[pk])}?{listed.query()}",
        **_beside(batch, progress, listed),
    }
    return render(request, "clones/batch_detail.html", context)


def _batch(pk: int) -> Batch:
    """Return the batch with what its page shows. Raises Http404."""
    read_along = ("template__connection__paused_by", "created_by", "retry_of", "mail__user")
    return get_object_or_404(Batch.objects.kept().select_related(*read_along), pk=pk)


def _hold(batch: Batch, progress: Progress) -> Hold | None:
    """Return why it is held. That may have begun, or ended, since `batch` was read."""
    if progress.state is BatchState.HELD and batch.held_since is None:
        batch.refresh_from_db(fields=["held_since", "hold_reason"])
    return Hold.of(batch) if progress.state is BatchState.HELD and batch.held_since else None


def _listed(request: HttpRequest, jobs: QuerySet[CloneJob], progress: Progress) -> JobFilter:
    """Return the clones of a batch in the order in which they were asked for; `status` is the one filter here."""
    query = QueryDict(mutable=True)
    query["status"] = request.GET.get("status", "")
    listed = JobFilter(query, jobs.order_by("pk"))
    listed.knows(progress.counts)
    return listed


def _kinds(batch: Batch) -> list[str]:
    """Return what is copied, each with the number of its clones, the most frequent first. One query."""
    rows = batch.jobs.order_by().values_list("scope", "clone_demo_catalog").annotate(count=Count("*"))
    kinds = sorted(rows, key=lambda row: -row[2])
    demo = {True: " with demo products", False: ""}
    return [f"{number(count)} {CloneScope(scope).label.lower()}{demo[with_demo]}" for scope, with_demo, count in kinds]


def _beside(batch: Batch, progress: Progress, listed: JobFilter) -> dict[str, Any]:
    """Return what stands beside the clones of a batch and is kept up to date along with them.

    One query, and one or two for each thing to tell: what waits, what failed, who is needed, why it is held.
    """
    found = causes(batch.pk) if progress.failed else []
    return {
        "batch": batch,
        "batch_id": batch.pk,
        "progress": progress,
        "left": still_to_retry(batch.pk),
        "tabs": listed.tabs(),
        "cancelable": cancelable(batch) if progress.waiting else None,
        "causes": found[:MOST_CAUSES],
        "other_causes": len(found[MOST_CAUSES:]),
        "sites_wrong": sites_gone_wrong(batch.pk)[:MOST_NAMED] if progress.sites_failed else (),
        "needing": _needing(batch)[:MOST_NAMED] if progress.needs_person else (),
        "hold": _hold(batch, progress),
        "kept_until": kept_until(batch),
    }


def _needing(batch: Batch) -> QuerySet[CloneJob]:
    return needing_person(batch.jobs.all()).select_related("target", "site").order_by("pk")


@needs(Capability.WATCH)
@require_safe
def batch_live(request: HttpRequest, pk: int) -> HttpResponse:
    jobs = CloneJob.objects.filter(batch_id=min(pk, BigIntegerField.MAX_BIGINT))  # SQLite stumbles over larger ones
    progress = progress_of([min(pk, BigIntegerField.MAX_BIGINT)]).popitem()[1]
    if not progress.total:  # no batch is without clones, so that it need not be looked up itself
        raise Http404
    # What the page lists is read where something has changed only: unchanged answers are the most.
    beside = Beside(
        "clones/_batch_live.html",
        progress.token,
        progress.is_open,
        lambda: _beside(_batch(pk), progress, _listed(request, jobs, progress)),
    )
    return live(request, jobs, beside)


@needs(Capability.WATCH)
@require_safe
def batch_results_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    rows = exports.job_rows(jobs_of(pk).order_by("pk"))
    return csv_response(f"batch-{pk}-results.csv", exports.JOB_COLUMNS, rows)


@needs(Capability.WATCH)
@require_safe
def batch_mappings_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    completed = jobs_of(pk).filter(status=JobStatus.COMPLETED).order_by("pk").values_list("pk", flat=True)
    return csv_response(f"batch-{pk}-mappings.csv", exports.MAPPING_COLUMNS, exports.mapping_rows(completed))


def jobs_of(pk: int) -> QuerySet[CloneJob]:
    """Return the clones of a batch. Raises Http404 where there is no such batch."""
    return get_object_or_404(Batch.objects.kept(), pk=pk).jobs.all()
