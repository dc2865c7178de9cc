"""The step Review of the wizard: what will happen, in words, and the launch of exactly that."""

from http import HTTPStatus
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clones.choices import CloneScope
from clones.forms.drafts import DraftReviewForm
from clones.models import Draft
from clones.operations.drafts.launching import launch_draft, name_it, plan
from clones.operations.errors import InvalidRequestError
from clones.templatetags.portal import stores
from clones.views.draft_frame import REVIEW, on_draft, show_step
from clones.views.draft_summary import Summary

CANARY_FROM: Final = 11
DECISIONS: Final = ("only_valid", "with_blocked", "leave_out_busy")


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_review(request: HttpRequest, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        return _page(request, draft, DraftReviewForm(initial={"name": draft.name, "canary": draft.canary}))
    form = DraftReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    values = form.cleaned_data
    user = cast("User", request.user)
    name_it(draft, user, values["name"], canary=values["canary"])
    try:
        choices = {name: values[name] for name in (*DECISIONS, "seen")}
        launch = launch_draft(draft, user, **choices)
    except InvalidRequestError as error:
        form.refuse(error)
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if launch.batch is None:  # never: what is not launched is refused
        return redirect("clones:draft_review", draft.pk)
    if launch.jobs:
        messages.success(request, f"Asked for clones into {stores(len(launch.jobs))}.")
    return redirect("clones:batch_detail", launch.batch.pk)


def _page(request: HttpRequest, draft: Draft, form: DraftReviewForm, status: int = HTTPStatus.OK) -> HttpResponse:
    """Ask what is left to be decided: rows with mistakes, then busy stores. Only then can one launch."""
    said = _said(request)
    ready = plan(draft, with_blocked=said["with_blocked"])
    count = len(ready.free if said["leave_out_busy"] else ready.wanted)
    has_template = draft.template is not None and draft.template.archived_at is None
    asks_wrong = bool(ready.wrong) and not said["only_valid"]
    asks_busy = not asks_wrong and bool(ready.busy) and not said["leave_out_busy"]
    context: dict[str, Any] = {
        "form": form,
        "plan": ready,
        "summary": Summary.of(draft, ready.free if said["leave_out_busy"] else ready.wanted),
        "scope": CloneScope(draft.scope),
        "said": said,
        "asks_wrong": asks_wrong,
        "asks_busy": asks_busy,
        "count": count,
        "offers_canary": count >= CANARY_FROM,
        "can_launch": has_template and count and not asks_wrong and not asks_busy,
        "has_template": has_template,
    }
    return show_step(request, draft, REVIEW, status=status, **context)


def _said(request: HttpRequest) -> dict[str, bool]:
    """Return what was decided: in the address, or in the form that was sent."""
    given = request.POST if request.method == "POST" else request.GET
    return {name: given.get(name, "").lower() in {"1", "true", "on"} for name in DECISIONS}
