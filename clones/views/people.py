"""Placeholder."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.permissions import Capability
from clones.views.doors import needs


@needs(Capability.KEEP_PEOPLE)
def person_list(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_new(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


@needs(Capability.KEEP_PEOPLE)
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")
