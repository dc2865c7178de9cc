"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.WATCH)
def template_list(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_STORES)
def template_new(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_STORES)
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_STORES)
def template_test(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_STORES)
def template_archive(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_STORES)
def template_restore(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")
