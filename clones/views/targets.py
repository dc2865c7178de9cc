"""Target stores: the list, a store's page with every clone that touched it, and what admins do with them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.filters.stores import listed_targets
from clones.forms.stores import TargetChangeForm, TargetForm
from clones.models import Connection, TargetStore
from clones.operations import stores
from clones.operations.errors import InvalidRequestError
from clones.permissions import Capability
from clones.tables.stores import JobsOfTarget, TargetPages, TargetTable
from clones.templatetags.portal import stores as in_words
from clones.views.doors import needs
from clones.views.lists import arrange
from clones.views.store_forms import FormPage, show_form
from clones.views.store_history import history


@needs(Capability.WATCH)
@require_safe
def target_list(request: HttpRequest) -> HttpResponse:
    listed = listed_targets(request.GET)
    hidden = () if Connection.objects.count() > 1 else ("connection",)
    table = arrange(request, TargetTable(TargetPages(listed.stores, listed.total), exclude=hidden))
    return render(request, "clones/target_list.html", {"listed": listed, "table": table})


@needs(Capability.WATCH)
@require_safe
def target_detail(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    listed = history(request, store.jobs.all(), "target", table_class=JobsOfTarget)
    running = store.jobs.active().select_related("template").first()
    context = {"store": store, "running": running, "can_delete": not listed["total"], **listed}
    return render(request, "clones/target_detail.html", context)


@needs(Capability.KEEP_STORES)
@require_http_methods(["GET", "HEAD", "POST"])
def target_new(request: HttpRequest) -> HttpResponse:
    form = TargetForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            imported = stores.import_targets(**form.cleaned_data)
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, _sentence(imported))
            return redirect(_where(imported))
    page = FormPage("Add target stores", "Add target stores", reverse("clones:target_list"), "Targets")
    return show_form(request, form, page, help="clones/_target_help.html")


def _sentence(imported: stores.Imported) -> str:
    """Say what became of the stores that were named."""
    said = [
        f"{in_words(len(found))} {what}"
        for found, what in (
            (imported.made, "added"),
            (imported.restored, "taken back out of the archive"),
            (imported.known, "already there and left as before"),
        )
        if found
    ]
    return f"{', '.join(said)}."


def _where(imported: stores.Imported) -> str:
    """Return the page of the one store that was named, else the list."""
    named = [*imported.made, *imported.restored, *imported.known]
    return reverse("clones:target_detail", args=[named[0].pk]) if len(named) == 1 else reverse("clones:target_list")


@needs(Capability.KEEP_STORES)
@require_http_methods(["GET", "HEAD", "POST"])
def target_edit(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    form = TargetChangeForm(request.POST if request.method == "POST" else None, store=store)
    if form.is_valid():
        try:
            store = stores.change_target(store, stores.StoreFacts(form.cleaned_data["label"], form.wanted_token))
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Target store {store} is saved.")
            return redirect("clones:target_detail", store.pk)
    name = str(store) or "Target store"
    page = FormPage(f"Edit {name}", "Save changes", reverse("clones:target_detail", args=[pk]), name)
    return show_form(request, form, page, help="clones/_target_help.html", store=store)


@needs(Capability.KEEP_STORES)
@require_POST
def target_archive(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        store = stores.archive_target(_store(pk))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Target store {store} is archived. A launch that names it takes it back into use.")
    return redirect("clones:target_detail", pk)


@needs(Capability.KEEP_STORES)
@require_POST
def target_restore(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        store = stores.restore_target(_store(pk))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Target store {store} is back in use.")
    return redirect("clones:target_detail", pk)


@needs(Capability.KEEP_STORES)
@require_POST
def target_delete(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    try:
        stores.delete_target(store)
    except InvalidRequestError as error:
        messages.error(request, str(error))
        return redirect("clones:target_detail", pk)
    messages.success(request, f"Target store {store} is deleted from the portal. Nothing was changed at Ecwid.")
    return redirect("clones:target_list")


def _store(pk: int) -> TargetStore:
    return get_object_or_404(TargetStore.objects.select_related("connection"), pk=pk)
