"""The step Check of the wizard: what stands in the way of each clone, found before anything is sent.

The page keeps itself up to date as `views.rows` tells; its rows are the draft's targets.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from clones import standstill
from clones.choices import CheckStatus
from clones.forms.drafts import is_id
from clones.models import Draft, DraftTarget
from clones.operations.checks import ALL, PROBLEMS, CheckProgress, checkable, start_check
from clones.operations.drafts.counting import count_rows
from clones.operations.drafts.rows import remove_rows
from clones.operations.errors import InvalidRequestError
from clones.permissions import Capability
from clones.templatetags.portal import stores
from clones.views.doors import needs
from clones.views.draft_frame import CHECK, on_draft, show_step, steps_of, way_back
from clones.views.draft_known import with_known
from clones.views.draft_places import Place
from clones.views.lists import per_page
from clones.views.rows import STOP_POLLING, Question

ONLY_PROBLEMS: Final = "problems"
WHAT: Final = {ONLY_PROBLEMS: PROBLEMS, "new": (CheckStatus.NONE,)}


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_check(request: HttpRequest, draft: Draft) -> HttpResponse:
    if request.method == "POST":
        return _do(request, draft)
    counts = count_rows(draft)
    progress = CheckProgress.of(counts)
    page = Paginator(listed(request.GET, draft), per_page(request)).get_page(request.GET.get("page"))
    beside = _beside(request.GET, draft, progress)
    beside |= {"page": page, "labelled": with_known(draft, page), "has_lines": any(row.line for row in page)}
    return show_step(request, draft, CHECK, counts=counts, **beside)


def _do(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Begin a check, or take a row off the list; then show the same rows again."""
    user = cast("User", request.user)
    gone = request.POST.get("remove", "")
    if is_id(gone):
        place = Place.of(int(gone), listed(request.GET, draft))
        remove_rows(draft, user, [int(gone)])
        messages.success(request, "The row is off the list.")
        return redirect(way_back(request, draft, CHECK) + place.anchor())
    _begin(request, draft, user)
    return redirect(way_back(request, draft, CHECK))


def _begin(request: HttpRequest, draft: Draft, user: User) -> None:
    try:
        begun = start_check(draft, user, only=WHAT.get(request.POST.get("what", ""), ALL))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    else:
        words = f"Checking {stores(begun)}. You may close this page: it goes on by itself."
        messages.success(request, words if begun else "There is nothing to check just now.")


def listed(query: QueryDict, draft: Draft) -> QuerySet[DraftTarget]:
    """Return the rows that the step lists, as the address asks for them."""
    rows = checkable(draft).order_by("position", "pk")
    return rows.filter(check_status__in=PROBLEMS) if _shows_problems_only(query) else rows


def _shows_problems_only(query: QueryDict) -> bool:
    return query.get("show") == ONLY_PROBLEMS


def _beside(query: QueryDict, draft: Draft, progress: CheckProgress) -> dict[str, Any]:
    """Return what stands around the rows."""
    return {
        "progress": progress,
        "only_problems": _shows_problems_only(query),
        "template_size_is_unknown": draft.template is not None and draft.template.known_product_count is None,
        "live_url": f"{reverse('clones:draft_check_live', args=[draft.pk])}?{query.urlencode()}",
    }


@dataclass(frozen=True)
class Glance:
    """What a poll needs to know of the rows on the page, in one query."""

    changed: list[int]
    standstill: str


def _glance(draft: Draft, question: Question) -> Glance:
    columns = standstill.token_columns(timezone.now())
    shown = draft.targets.filter(pk__in=question.versions).order_by()
    rows: list[dict[str, Any]] = [*shown.annotate(**columns).values("pk", "version", *columns)]
    changed = [row["pk"] for row in rows if question.versions[row["pk"]] != row["version"]]
    one = rows[0] if rows else None
    return Glance(changed, standstill.token(works=one["works"], stopped=one["stopped"]) if one else question.standstill)


@needs(Capability.CLONE)
@require_safe
def draft_check_live(request: HttpRequest, pk: int) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.select_related("template"), pk=pk)
    if draft.batch_id:
        return HttpResponseClientRedirect(reverse("clones:batch_detail", args=[draft.batch_id]))
    try:
        question = Question.of(request.GET)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    counts = count_rows(draft)
    progress, seen = CheckProgress.of(counts), _glance(draft, question)
    stands_as_told = question.standstill in {"", seen.standstill}
    if not seen.changed and stands_as_told and progress.token == question.token:
        return HttpResponse(status=HTTPStatus.NO_CONTENT if progress.moving else STOP_POLLING)
    context = {
        "draft": draft,
        "counts": counts,
        "steps": steps_of(draft, counts, CHECK),
        "rows": draft.targets.filter(pk__in=seen.changed) if seen.changed else [],
        "with_banners": not stands_as_told,
        "oob": True,
        **_beside(request.GET, draft, progress),
    }
    return render(request, "clones/_draft_check_live.html", context)
