"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.WATCH)
def batch_list(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_live(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_retry(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_results_csv(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def batch_mappings_csv(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")
