"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.WATCH)
def job_list(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def job_list_csv(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.CLONE)
def job_selected(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.CLONE)
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.CLONE)
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")
