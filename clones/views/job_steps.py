"""What a person decides about the steps around a clone, on its page."""

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from clones.forms.base import PortalForm
from clones.forms.steps import SiteForm, StoreForm
from clones.models import CloneJob
from clones.operations import creations, sites
from clones.operations.errors import InvalidRequestError
from clones.permissions import Capability
from clones.templatetags.portal import stores
from clones.views.doors import needs
from clones.views.job_page import page


@needs(Capability.CLONE)
@require_POST
def job_store(request: HttpRequest, pk: int) -> HttpResponse:
    job, user = get_object_or_404(CloneJob.objects.kept(), pk=pk), cast("User", request.user)
    action = request.POST.get("action", "enter")
    if action == "enter":
        return _enter(request, job, user)
    try:
        if action == "give-up":
            creations.give_up_store(job, user)
            messages.success(request, "The store is given up, and the clone has ended.")
        else:
            count = creations.look_again(job, user)
            messages.success(request, _asked(job, count))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    return redirect("clones:job_detail", pk)


def _asked(job: CloneJob, count: int) -> str:
    row = creations.creation_of(job)
    if row and row.unanswered_since:
        return "The portal looks again whether the store is there."
    return f"Ecwid is asked again for {stores(count)}."


def _enter(request: HttpRequest, job: CloneJob, user: User) -> HttpResponse:
    form = StoreForm(request.POST)
    if form.is_valid():
        try:
            now = creations.enter_store(job, form.cleaned_data["store_id"], form.cleaned_data["access_token"], user)
        except InvalidRequestError as error:
            _refuse(request, form, error)
        else:
            goes_on = ", and the clone goes on" if now.next_action_at else ""
            messages.success(request, f"The store is entered{goes_on}.")
    if not form.errors:
        return redirect("clones:job_detail", job.pk)
    return page(request, job.pk, HTTPStatus.UNPROCESSABLE_ENTITY, store_form=form)


@needs(Capability.CLONE)
@require_POST
def job_site(request: HttpRequest, pk: int) -> HttpResponse:
    job, user = get_object_or_404(CloneJob.objects.kept(), pk=pk), cast("User", request.user)
    form = SiteForm(request.POST)
    try:
        if request.POST.get("action") == "give-up":
            sites.give_up_site(job, user)
            messages.success(request, "The Instant Site is left out.")
        elif form.is_valid():
            sites.try_site_again(job, user, form.cleaned_data["access_token"])
            messages.success(request, "Ecwid is asked for the Instant Site again.")
    except InvalidRequestError as error:
        _refuse(request, form, error)
    if form.errors:
        return page(request, pk, HTTPStatus.UNPROCESSABLE_ENTITY, site_form=form)
    return redirect("clones:job_detail", pk)


def _refuse(request: HttpRequest, form: PortalForm, error: InvalidRequestError) -> None:
    """Show it beside its field; what is about none says that the form is not asked for any more."""
    if error.field:
        form.refuse(error)
    else:
        messages.error(request, str(error))
