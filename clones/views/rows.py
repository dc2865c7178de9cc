"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.WATCH)
def job_rows(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")
