"""Template stores: the list, a store's page with what was made from it, and what admins do with them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.filters.stores import listed_templates
from clones.forms.stores import TemplateChangeForm, TemplateForm
from clones.models import Connection, TemplateStore
from clones.operations import stores
from clones.operations.errors import InvalidRequestError
from clones.operations.template_trial import try_template
from clones.permissions import Capability
from clones.tables.stores import StorePages, TemplateTable, with_history
from clones.views.doors import needs
from clones.views.lists import arrange
from clones.views.store_forms import FormPage, show_form
from clones.views.store_history import history, typical_durations
from clones.views.trials import show_trial


@needs(Capability.WATCH)
@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    listed = listed_templates(request.GET)
    hidden = () if Connection.objects.count() > 1 else ("connection",)
    table = arrange(request, TemplateTable(StorePages(with_history(listed.stores), listed.total), exclude=hidden))
    return render(request, "clones/template_list.html", {"listed": listed, "table": table})


@needs(Capability.WATCH)
@require_safe
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    context = {
        "store": store,
        "list_query": f"template={store.pk}",
        "durations": typical_durations(store.jobs.all()),
        "can_delete": not store.batches.exists(),
        **history(request, store.jobs.all(), "template"),
    }
    return render(request, "clones/template_detail.html", context)


@needs(Capability.KEEP_STORES)
@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: HttpRequest) -> HttpResponse:
    asked_for = {"connection": request.GET.get("connection", "")}
    form = TemplateForm(request.POST if request.method == "POST" else None, initial=asked_for)
    existing = None
    if form.is_valid():
        values = form.cleaned_data
        facts = stores.StoreFacts(values["name"], values["token"])
        try:
            store = stores.make_template(values["connection"], values["store_id"], facts)
        except InvalidRequestError as error:
            form.refuse(error)
            existing = error.template if isinstance(error, stores.TemplateExistsError) else None
        else:
            messages.success(request, f"Template store {store} is added: it can be cloned now.")
            return redirect("clones:template_detail", store.pk)
    page = FormPage("Add template store", "Add template store", reverse("clones:template_list"), "Templates")
    return show_form(request, form, page, help="clones/_template_help.html", existing=existing)


@needs(Capability.KEEP_STORES)
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    form = TemplateChangeForm(request.POST if request.method == "POST" else None, store=store)
    if form.is_valid():
        try:
            store = stores.change_template(store, stores.StoreFacts(form.cleaned_data["name"], form.wanted_token))
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Template store {store} is saved.")
            return redirect("clones:template_detail", store.pk)
    page = FormPage(f"Edit {store.name}", "Save changes", reverse("clones:template_detail", args=[pk]), store.name)
    return show_form(request, form, page, help="clones/_template_help.html", store=store)


@needs(Capability.KEEP_STORES)
@require_POST
def template_test(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    result = try_template(store, timezone.now())
    store.refresh_from_db()  # with what it said of itself
    return show_trial(request, result, "clones/_template_tested.html", {"store": store}, "clones:template_detail")


@needs(Capability.KEEP_STORES)
@require_POST
def template_archive(request: HttpRequest, pk: int) -> HttpResponse:
    store = stores.archive_template(_store(pk))
    messages.success(request, f"Template store {store} is archived: nobody can start clones from it.")
    return redirect("clones:template_detail", pk)


@needs(Capability.KEEP_STORES)
@require_POST
def template_restore(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        store = stores.restore_template(_store(pk))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Template store {store} is back in use: it can be cloned again.")
    return redirect("clones:template_detail", pk)


@needs(Capability.KEEP_STORES)
@require_POST
def template_delete(request: HttpRequest, pk: int) -> HttpResponse:
    store = _store(pk)
    try:
        stores.delete_template(store)
    except InvalidRequestError as error:
        messages.error(request, str(error))
        return redirect("clones:template_detail", pk)
    messages.success(request, f"Template store {store} is deleted from the portal. Nothing was changed at Ecwid.")
    return redirect("clones:template_list")


def _store(pk: int) -> TemplateStore:
    return get_object_or_404(TemplateStore.objects.select_related("connection"), pk=pk)
