"""The page around the form of a store."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clones.forms.base import PortalForm


@dataclass(frozen=True)
class FormPage:
    """What stands around a form: its heading, its button, and the page that it came from."""

    heading: str
    button: str
    back: str
    back_name: str


def show_form(request: HttpRequest, form: PortalForm, page: FormPage, **context: Any) -> HttpResponse:
    """Draw a form, with what was typed and what is wrong with it; `help` names the template beside it."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "clones/store_form.html", {"form": form, "page": page, **context}, status=status)
