"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.KEEP_CONNECTIONS)
def connection_list(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_new(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_test(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_CONNECTIONS)
def connection_resume(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")
