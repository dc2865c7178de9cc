"""The wizard's beginning and its step Template."""

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.choices import CloneScope
from clones.forms.drafts import DraftTemplateForm, is_id
from clones.models import Batch, Draft, TemplateStore
from clones.operations.drafts.counting import count_rows
from clones.operations.drafts.making import choose, discard, new_draft, prefill
from clones.permissions import Capability
from clones.views.doors import needs
from clones.views.draft_frame import TEMPLATE, next_step, on_draft, show_step
from clones.views.template_cards import template_cards

MOST_DRAFTS = 100


@needs(Capability.CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_new(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _begin(request)
    is_wrong = ~Q(targets__errors={}) & Q(targets__isnull=False)
    counted = Draft.objects.filter(batch=None).annotate(rows=Count("targets"), wrong=Count("targets", filter=is_wrong))
    drafts = counted.select_related("template", "created_by", "changed_by").order_by("-changed_at")
    return render(request, "clones/draft_new.html", {"drafts": drafts[:MOST_DRAFTS]})


def _begin(request: HttpRequest) -> HttpResponse:
    """Begin a draft: empty, for a template store, or with what a batch was."""
    user = cast("User", request.user)
    batch, template = (request.POST.get(name, "") for name in ("batch", "template"))
    if batch:
        made = prefill(
            get_object_or_404(Batch.objects.kept().select_related("template"), pk=int(batch) if is_id(batch) else 0),
            user,
        )
        return redirect("clones:draft_template", made.pk)
    chosen = TemplateStore.objects.filter(archived_at=None, pk=int(template)).first() if is_id(template) else None
    return redirect("clones:draft", new_draft(user, chosen).pk)


@on_draft
@require_safe
def draft(request: HttpRequest, draft: Draft) -> HttpResponse:
    return redirect(f"clones:draft_{next_step(draft, count_rows(draft))}", draft.pk)


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_template(request: HttpRequest, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        initial = {name: getattr(draft, name) for name in ("scope", "clone_demo_catalog")}
        return _template_page(request, draft, DraftTemplateForm(initial={**initial, "template": draft.template_id}))
    form = DraftTemplateForm(request.POST)
    if not form.is_valid():
        return _template_page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    values = form.cleaned_data
    demo = values["clone_demo_catalog"]
    choose(draft, cast("User", request.user), values["template"], values["scope"], clone_demo_catalog=demo)
    return redirect("clones:draft_targets", draft.pk)


def _template_page(request: HttpRequest, draft: Draft, form: DraftTemplateForm, status: int = 200) -> HttpResponse:
    cards = template_cards()
    chosen = str(form["template"].value() or (cards[0].store.pk if len(cards) == 1 else ""))
    context = {
        "form": form,
        "cards": cards,
        "has_several_connections": len({card.store.connection_id for card in cards}) > 1,
        "chosen": chosen,
        "scopes": CloneScope,
        "scope": form["scope"].value(),
    }
    return show_step(request, draft, TEMPLATE, status=status, **context)


@on_draft
@require_POST
def draft_discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    discard(draft)
    messages.success(request, "The draft is discarded.")
    return redirect("clones:draft_new")
