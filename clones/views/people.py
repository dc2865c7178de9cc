"""The portal's people, for admins: the list, a person's page, and what admins do with an account."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from clones.filters.people import listed_people
from clones.forms.people import NewPersonForm, PersonChangeForm, RepeatedPasswordForm
from clones.models import CloneJob
from clones.operations import people
from clones.operations.errors import InvalidRequestError
from clones.permissions import Capability, with_roles
from clones.tables.people import PeoplePages, PersonTable
from clones.views.accounts import require_form, sign_in_address, typed
from clones.views.doors import needs
from clones.views.lists import arrange


@needs(Capability.KEEP_PEOPLE)
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    listed = listed_people(request.GET)
    table = arrange(request, PersonTable(PeoplePages(with_roles(listed.people), listed.total)))
    return render(request, "clones/person_list.html", {"listed": listed, "table": table})


@sensitive_post_parameters("password", "again")
@needs(Capability.KEEP_PEOPLE)
@require_form
def person_new(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(typed(request))
    if form.is_valid():
        try:
            person = people.add_person(form.facts(), form.cleaned_data["password"], _asking(request))
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{_name(person)} was added. Tell them how to sign in: it stands below.")
            return redirect("clones:person_detail", person.pk)
    return render(request, "clones/person_new.html", {"form": form}, status=422 if form.errors else 200)


@needs(Capability.KEEP_PEOPLE)
@require_safe
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(with_roles(User.objects.all()), pk=pk)
    context = {
        "person": person,
        "may_change": _asking(request).is_superuser or not person.is_superuser,
        "asked_for": CloneJob.objects.filter(created_by=person).count(),
        "sign_in_address": sign_in_address(request),
    }
    return render(request, "clones/person_detail.html", context)


@needs(Capability.KEEP_PEOPLE)
@require_form
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    shown = _name(person)  # a refused operation may have filled in other names
    form = PersonChangeForm(typed(request), person=person)
    if form.is_valid():
        try:
            people.change_person(person, form.facts(), _asking(request))
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{_name(person)} was changed.")
            return redirect("clones:person_detail", person.pk)
    context = {"form": form, "pk": pk, "shown": shown}
    return render(request, "clones/person_edit.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password", "again")
@needs(Capability.KEEP_PEOPLE)
@require_form
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    if person == request.user:
        return redirect("password_change")  # which asks for the old one, and keeps this session
    form = RepeatedPasswordForm(typed(request))
    if form.is_valid():
        try:
            people.set_password(person, form.cleaned_data["password"], _asking(request))
        except InvalidRequestError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{_name(person)} has a new password, and is signed out everywhere.")
            return redirect("clones:person_detail", person.pk)
    context = {"form": form, "person": person}
    return render(request, "clones/person_password.html", context, status=422 if form.errors else 200)


@needs(Capability.KEEP_PEOPLE)
@require_POST
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, people.deactivate_person, "{} is deactivated, and signed out everywhere.")


@needs(Capability.KEEP_PEOPLE)
@require_POST
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, people.reactivate_person, "{} can sign in again, with the same password as before.")


def _switch(request: HttpRequest, pk: int, switch: Callable[[User, User], None], told: str) -> HttpResponse:
    """Let somebody in or out, and say `told` of them, or why not."""
    person = get_object_or_404(User, pk=pk)
    try:
        switch(person, _asking(request))
    except InvalidRequestError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, told.format(_name(person)))
    return redirect("clones:person_detail", person.pk)


def _asking(request: HttpRequest) -> User:
    return cast("User", request.user)  # `needs` let nobody else in


def _name(person: User) -> str:
    return person.get_full_name() or person.username
