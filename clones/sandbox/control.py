"""What the control calls share: a JSON object in, checked against a dataclass, JSON out, one sentence for a mistake."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from django.http import HttpRequest, HttpResponse, JsonResponse

Spec = TypeVar("Spec")
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
    body = read_object(request)
    hints = get_type_hints(spec)
    for name, value in body.items():
        if name not in hints:
            message = f"{name}: unknown; known are {', '.join(sorted(hints))}"
            raise ControlError(message)
        if not _fits(value, hints[name]):
            message = f"{name}: {json.dumps(value)} is not of the type {hints[name]}"
            raise ControlError(message)
    try:
        return spec(**body)
    except TypeError as error:
        message = f"A field is missing: {error}"
        raise ControlError(message) from error


def _fits(value: object, hint: Any) -> bool:
    """Tell whether a JSON value fits a hint of the kinds that our specs use; a whole number fits a float."""
    origin = get_origin(hint)
    if origin is list:
        return isinstance(value, list) and all(_fits(one, get_args(hint)[0]) for one in value)
    kinds = getattr(hint, "__args__", (hint,)) if origin is not dict else (dict,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)


def number(request: HttpRequest, name: str, default: float) -> float:
    """Return a query parameter that is a number."""
    text = request.GET.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        message = f"{name}: {text!r} is not a number"
        raise ControlError(message) from error
