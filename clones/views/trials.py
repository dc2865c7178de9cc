"""How the result of a "Test" is shown: in place where htmx asks, else as a message on the page."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clones.operations.trial import Trial
from clones.views.htmx import wants_fragment


def show_trial(
    request: HttpRequest, result: Trial, fragment: str, context: Mapping[str, Any], address: str
) -> HttpResponse:
    """Render `fragment`, or go back to the page with the URL name `address` of the connection or store in `context`."""
    if wants_fragment(request):
        return render(request, fragment, {**context, "result": result, "oob": True})
    (tested,) = (context[name] for name in ("store", "connection") if name in context)
    facts = "; ".join(f"{label}: {value}" for label, value in result.facts)
    say = messages.success if result.ok else messages.error
    say(request, f"{result.headline} {facts}".strip())
    return redirect(address, tested.pk)
