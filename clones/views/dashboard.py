"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.WATCH)
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.WATCH)
def dashboard_live(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")
