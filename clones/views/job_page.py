"""One clone: what happens with it, its facts and history, and its old IDs → new IDs."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from clones import exports
from clones.choices import SITE_MOVES
from clones.forms.base import PortalForm
from clones.forms.steps import SiteForm, StoreForm
from clones.models import CloneJob, StoreCreation
from clones.permissions import Capability
from clones.standstill import token, token_columns
from clones.views.doors import needs
from clones.views.downloads import csv_response
from clones.views.htmx import wants_fragment
from clones.views.job_story import Timeline, chain, into_the_same_store, retried_as, why_not_retried
from clones.views.mapping import Mapping, why_none
from clones.views.rows import STOP_POLLING
from clones.views.situation import Situation, why_not_canceled
from clones.views.step_story import StepsOfJob
from clones.views.store_history import Typical, typical_durations

_READ_ALONG = ("target", "template", "connection", "batch", "created_by", "site")
_APART = "."
_NO_CSV = "There is no CSV file: a clone has old and new IDs when it is completed."


@needs(Capability.WATCH)
@require_safe
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


@needs(Capability.WATCH)
@require_safe
def job_live(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer live.js as `views.rows` says, for this clone alone; what the page cannot know is its token."""
    seen, standstill = _situation(pk)
    stands_as_told = request.GET.get("standstill", "") in {"", standstill}
    told = request.GET.get("token", "")
    if stands_as_told and (request.GET.get("since"), told) == (str(seen.job.version), _token(seen)):
        return HttpResponse(status=HTTPStatus.NO_CONTENT if _moves(seen.job) else STOP_POLLING)
    # Where they are as the page has them, somebody may be typing there.
    steps_changed = told.partition(_APART)[2] != _steps_token(seen.job)
    context = {**_context(request, seen), "with_banners": not stands_as_told, "steps_changed": steps_changed}
    context["oob"] = True
    return render(request, "clones/_job_page_live.html", context)


@needs(Capability.WATCH)
@require_safe
def job_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    if wants_fragment(request):
        job = get_object_or_404(CloneJob.objects.kept(), pk=pk)
        mapping = Mapping.of(job, request.GET)
        context = {"job": job, "mapping": mapping, "why_no_mapping": why_none(job)}
        response = render(request, "clones/_mapping.html", context)
        push_url(response, f"{reverse('clones:job_detail', args=[pk])}?{mapping.query}")
    else:
        response = page(request, pk)
    patch_vary_headers(response, ["HX-Request"])
    return response


@needs(Capability.WATCH)
@require_safe
def job_mapping_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    job = get_object_or_404(CloneJob.objects.kept().select_related("target"), pk=pk)
    if not job.is_completed:  # a file with nothing but a header would look like an empty mapping
        messages.error(request, _NO_CSV)
        return page(request, pk, HTTPStatus.CONFLICT)
    name = f"mapping-clone-{job.pk}-store-{job.target.store_id}.csv"
    return csv_response(name, exports.MAPPING_COLUMNS, exports.mapping_rows([job.pk]))


def page(request: HttpRequest, pk: int, status: int = HTTPStatus.OK, **forms: PortalForm) -> HttpResponse:
    """Draw a clone's page; `forms` are those that were sent and have mistakes, by their name in the template."""
    context = {**_context(request, _situation(pk)[0]), **forms}
    return render(request, "clones/job_detail.html", context, status=status)


def _situation(pk: int) -> tuple[Situation, str]:
    """Read the clone and all that tells how it stands, and the token of what keeps all clones from going on.

    One query, so that an unchanged page costs no more.
    """
    now = timezone.now()
    creation = StoreCreation.objects.filter(target=OuterRef("target")).order_by("-pk").values("version")[:1]
    jobs = (
        CloneJob.objects.kept()
        .select_related(*_READ_ALONG)
        .annotate(creation_version=Subquery(creation), **token_columns(now))
    )
    job: Any = get_object_or_404(jobs, pk=pk)  # with these columns
    return Situation(job, now, job.works), token(works=job.works, stopped=job.stopped)


def _steps_token(job: Any) -> str:
    """Return a text that changes when the steps around the clone do; "" where there are none."""
    site = getattr(job, "site", None)
    return f"{job.creation_version or 0}-{site.version if site else 0}"


def _token(seen: Situation) -> str:
    return f"{seen.token}{_APART}{_steps_token(seen.job)}"


def _moves(job: Any) -> bool:
    """Tell whether anything on the page may still change by itself."""
    site = getattr(job, "site", None)
    return not job.is_terminal or (site is not None and site.status in SITE_MOVES)


def _context(request: HttpRequest, seen: Situation) -> dict[str, Any]:
    """Return what the page's parts need."""
    job, whole = seen.job, "events" in request.GET
    timeline = Timeline.of(job, whole=whole)
    relatives = into_the_same_store(job)
    return {
        "job": job,
        "token": _token(seen),
        "moves": _moves(job),
        "steps": StepsOfJob.of(job, seen.now) if _has_steps(job) else None,
        "store_form": StoreForm(),
        "site_form": SiteForm(),
        "situation": seen.words(timeline.last_note),
        "retried_as": retried_as(job, relatives),
        "why_not_retried": why_not_retried(job, relatives),
        "why_not_canceled": why_not_canceled(job),
        "chain": chain(job, relatives),
        "usual": None if job.is_terminal else _usual(job),
        "timeline": timeline,
        "mapping": Mapping.of(job, request.GET) if job.is_completed else None,
        "why_no_mapping": why_none(job),
        "live_url": reverse("clones:job_live", args=[job.pk]) + ("?events=all" if whole else ""),
    }


def _has_steps(job: Any) -> bool:
    return job.creation_version is not None or hasattr(job, "site")


def _usual(job: CloneJob) -> Typical | None:
    """Return how long the latest clones like this one took; None where there were none."""
    like_this = CloneJob.objects.filter(template=job.template_id, scope=job.scope)
    return next(iter(typical_durations(like_this)), None)
