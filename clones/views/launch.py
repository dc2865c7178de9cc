"""Starting clones."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clones.choices import CloneScope
from clones.forms.base import is_ticked
from clones.forms.launch import LaunchForm
from clones.forms.typed_stores import count_of
from clones.models import Batch, CloneJob
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Launch, Order, start_batch
from clones.permissions import Capability
from clones.templatetags.portal import clones, stores
from clones.views.doors import needs
from clones.views.template_cards import template_cards

SECOND_CLICK: Final = timedelta(minutes=1)
MOST_NAMED: Final = 20  # a message is kept in a cookie


@needs(Capability.CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, LaunchForm(initial=_prefilled(request)))
    if "count" in request.POST:
        return _count(request)
    form = LaunchForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    busy = _busy(form)
    if busy and not form.cleaned_data["leave_out_busy"]:
        return _ask_about(request, form, busy)
    return _launch(request, form)


def _count(request: HttpRequest) -> HttpResponse:
    """Say how many stores are typed so far, unless the page says so already: a screen reader reads each change."""
    count = count_of(request.POST.get("targets", ""))
    if count == request.POST.get("counted"):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "clones/_launch_count.html", {"count": count})


def _prefilled(request: HttpRequest) -> dict[str, Any]:
    """Return what a link to this page brings along; what makes no sense is passed over."""
    given = request.GET
    scope = given.get("scope", "")
    return {
        "template": given.get("template", ""),
        "targets": "\n".join(given.getlist("targets")),
        "scope": scope if scope in CloneScope.values else CloneScope.ALL,
        "clone_demo_catalog": is_ticked(given.get("clone_demo_catalog", "")),
        "name": given.get("name", ""),
    }


def _busy(form: LaunchForm) -> list[CloneJob]:
    """Return the active clones into the stores that are asked for."""
    store_ids = [wanted.store_id for wanted in form.cleaned_data["targets"]]
    into = CloneJob.objects.active().into(form.cleaned_data["template"].connection, store_ids)
    return list(into.select_related("target").order_by("pk"))


def _launch(request: HttpRequest, form: LaunchForm) -> HttpResponse:
    """Start what is free now: that is locked first, so it may be less than a moment ago."""
    values = form.cleaned_data
    order = Order(
        template=values["template"],
        targets=values["targets"],
        scope=values["scope"],
        clone_demo_catalog=values["clone_demo_catalog"],
        name=values["name"],
    )
    try:
        launch = start_batch(order, cast("User", request.user))
    except InvalidRequestError as error:
        form.refuse(error)
        return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if launch.batch is None:
        return _ask_about(request, form, launch.busy)
    _tell(request, launch)
    return redirect("clones:batch_detail", launch.batch.pk)


def _ask_about(request: HttpRequest, form: LaunchForm, busy: list[CloneJob]) -> HttpResponse:
    """Name the busy stores and offer to leave them out; a second click on "Start" leads where the first one did."""
    free = len(form.cleaned_data["targets"]) - len(busy)
    before = None if free else _started_already(request, form, busy)
    if before:
        messages.info(request, "These clones have been started already.")
        return redirect("clones:batch_detail", before.pk)
    return _page(request, form, busy, HTTPStatus.UNPROCESSABLE_ENTITY)


def _started_already(request: HttpRequest, form: LaunchForm, busy: list[CloneJob]) -> Batch | None:
    """Return the batch that this person's first click on "Start" made of the same order a moment ago."""
    values = form.cleaned_data
    holders = Batch.objects.filter(pk__in={job.batch_id for job in busy})
    return holders.filter(
        created_by=cast("User", request.user),
        created_at__gte=timezone.now() - SECOND_CLICK,
        template=values["template"],
        scope=values["scope"],
        clone_demo_catalog=values["clone_demo_catalog"],
        name=values["name"],
    ).first()


def _tell(request: HttpRequest, launch: Launch) -> None:
    messages.success(request, f"Asked for {clones(len(launch.jobs))}.")
    if launch.busy:
        named = ", ".join(job.target.store_id for job in launch.busy[:MOST_NAMED])
        more = f" and {len(launch.busy) - MOST_NAMED:,} more" if len(launch.busy) > MOST_NAMED else ""
        count = stores(len(launch.busy))
        messages.warning(request, f"Left out {count} with another clone under way: {named}{more}.")


def _page(request: HttpRequest, form: LaunchForm, busy: Sequence[CloneJob] = (), status: int = 200) -> HttpResponse:
    """Show the form as it was typed. `busy`: the clones that are in its way."""
    cards = template_cards()
    chosen = str(form["template"].value() or (cards[0].store.pk if len(cards) == 1 else ""))
    context = {
        "form": form,
        "cards": cards,
        "has_several_connections": len({card.store.connection_id for card in cards}) > 1,
        "chosen": chosen,
        "scopes": CloneScope,
        "scope": form["scope"].value(),
        "count": count_of(form["targets"].value() or ""),
        "busy": busy,
        "free": len(form.cleaned_data["targets"]) - len(busy) if busy else 0,
    }
    return render(request, "clones/job_new.html", context, status=status)
