"""What the control calls share: a JSON object in, checked against a dataclass, JSON out, one sentence for a mistake."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.options import options
from clones.sandbox.typed import Spec, typed

ControlView = Callable[..., HttpResponse]


class ControlError(Exception):
    """A control call that makes no sense; its text is the answer's `error`."""


def control(method: str, *more: str) -> Callable[[ControlView], ControlView]:
    """Let a view answer only these methods, and answer a mistake with 400 and `{"error": …}`."""

    def decorate(view: ControlView) -> ControlView:
        @wraps(view)
        def guarded(request: HttpRequest, **parts: object) -> HttpResponse:
            if request.method not in {method, *more}:
                return JsonResponse({"error": f"{request.method} is not one of {[method, *more]}"}, status=405)
            try:
                return view(request, **parts)
            except ControlError as mistake:
                return JsonResponse({"error": str(mistake)}, status=400)

        return guarded

    return decorate


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return the body's JSON object; an empty body is an empty object."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        message = f"The body is not JSON: {error}"
        raise ControlError(message) from error
    if not isinstance(body, dict):
        message = "The body is not a JSON object"
        raise ControlError(message)
    return body


def read_spec(request: HttpRequest, spec: type[Spec]) -> Spec:
    """Return the body as this dataclass; every field is named and typed as it is there."""
    try:
        return typed(read_object(request), spec)
    except ValueError as error:
        raise ControlError(str(error)) from error


def set_options(wanted: Any) -> dict[str, Any]:
    """Take over the fields of a dataclass that are options and not None; return all of them as they are now."""
    names = [name for name in vars(wanted) if hasattr(options, name)]
    for name in names:
        if getattr(wanted, name) is not None:
            setattr(options, name, getattr(wanted, name))
    return {name: getattr(options, name) for name in names}


def number(request: HttpRequest, name: str, default: float) -> float:
    """Return a query parameter that is a number."""
    text = request.GET.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        message = f"{name}: {text!r} is not a number"
        raise ControlError(message) from error
