"""The wizard's beginning and its step Template."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.models import Draft
from clones.operations.drafts.counting import count_rows
from clones.operations.drafts.making import discard, new_draft
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.draft_frame import TEMPLATE, next_step, on_draft, show_step


@needs(Capability.CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "clones/draft_new.html")
    return redirect("clones:draft", new_draft(cast("User", request.user)).pk)


@on_draft
@require_safe
def draft(request: HttpRequest, draft: Draft) -> HttpResponse:
    return redirect(f"clones:draft_{next_step(draft, count_rows(draft))}", draft.pk)


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_template(request: HttpRequest, draft: Draft) -> HttpResponse:
    return show_step(request, draft, TEMPLATE)


@on_draft
@require_POST
def draft_discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    discard(draft)
    messages.success(request, "The draft is gone.")
    return redirect("clones:draft_new")
