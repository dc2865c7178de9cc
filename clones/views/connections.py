"""Connections to Ecwid, for admins: the list, a connection's page, and what they do with it."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clones.forms.connections import ConnectionForm
from clones.models import CloneJob, Connection
from clones.operations import connections
from clones.operations.errors import InvalidRequestError
from clones.operations.trial import try_connection
from clones.permissions import Capability
from clones.tables.connections import ConnectionTable, with_counts
from clones.views.doors import needs
from clones.views.lists import arrange
from clones.views.trials import show_trial


@needs(Capability.KEEP_CONNECTIONS)
@require_safe
def connection_list(request: HttpRequest) -> HttpResponse:
    table = arrange(request, ConnectionTable(with_counts(Connection.objects.all())))
    return render(request, "clones/connection_list.html", {"table": table})


@needs(Capability.KEEP_CONNECTIONS)
@require_safe
def connection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    connection = _connection(pk)
    templates = connection.templates.order_by(F("archived_at").asc(nulls_first=True), "name")
    can_delete = not templates and not connection.targets.exists()
    context = {"templates": templates, "can_delete": can_delete, **_state(connection)}
    return render(request, "clones/connection_detail.html", context)


@needs(Capability.KEEP_CONNECTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def connection_new(request: HttpRequest) -> HttpResponse:
    form = ConnectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            connection = connections.make_connection(form.facts)
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(
                request, f"Connection {connection} is added. Press “Test” to see whether Ecwid accepts it."
            )
            return redirect("clones:connection_detail", connection.pk)
    return _show_form(request, form)


@needs(Capability.KEEP_CONNECTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def connection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    connection = _connection(pk)
    form = ConnectionForm(request.POST if request.method == "POST" else None, connection=connection)
    if form.is_valid():
        try:
            connection = connections.change_connection(connection, form.facts)
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Connection {connection} is saved.")
            return redirect("clones:connection_detail", pk)
    return _show_form(request, form, connection=connection)


@needs(Capability.KEEP_CONNECTIONS)
@require_POST
def connection_test(request: HttpRequest, pk: int) -> HttpResponse:
    result = try_connection(_connection(pk), timezone.now())
    state = _state(_connection(pk))  # as the answer left it
    return show_trial(request, result, "clones/_connection_tested.html", state, "clones:connection_detail")


@needs(Capability.KEEP_CONNECTIONS)
@require_POST
def connection_pause(request: HttpRequest, pk: int) -> HttpResponse:
    connection = connections.pause(_connection(pk), _person(request))
    messages.success(request, f"Connection {connection} is paused: nothing is sent until somebody resumes it.")
    return redirect("clones:connection_detail", pk)


@needs(Capability.KEEP_CONNECTIONS)
@require_POST
def connection_resume(request: HttpRequest, pk: int) -> HttpResponse:
    connection = connections.resume(_connection(pk), _person(request))
    messages.success(request, f"Connection {connection} is resumed: what waited goes on.")
    return redirect("clones:connection_detail", pk)


@needs(Capability.KEEP_CONNECTIONS)
@require_POST
def connection_delete(request: HttpRequest, pk: int) -> HttpResponse:
    connection = _connection(pk)
    try:
        connections.delete_connection(connection, _person(request))
    except InvalidRequestError as error:
        messages.error(request, str(error))
        return redirect("clones:connection_detail", pk)
    messages.success(request, f"Connection {connection} is deleted from the portal. Nothing was changed at Ecwid.")
    return redirect("clones:connection_list")


def _connection(pk: int) -> Connection:
    return get_object_or_404(Connection.objects.select_related("paused_by"), pk=pk)


def _state(connection: Connection) -> dict[str, Any]:
    """Return what `_connection_card.html` needs."""
    active = CloneJob.objects.active().filter(connection=connection).count()
    return {"connection": connection, "now": timezone.now(), "active_jobs": active}


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _show_form(request: HttpRequest, form: ConnectionForm, **context: Any) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "clones/connection_form.html", {"form": form, **context}, status=status)
