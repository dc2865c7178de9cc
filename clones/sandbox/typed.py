"""JSON objects as dataclasses: every field named and typed as it is there, one sentence for a mistake. Pure."""

import json
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Spec = TypeVar("Spec")
UNIONS = (Union, type(int | str))


def typed(body: dict[str, Any], spec: type[Spec]) -> Spec:
    """Return `body` as this dataclass. ValueError: an unknown, missing or unfit field."""
    hints = get_type_hints(spec)
    for name, value in body.items():
        if name not in hints:
            message = f"{name}: unknown; known are {', '.join(sorted(hints))}"
            raise ValueError(message)
        if not _fits(value, hints[name]):
            message = f"{name}: {json.dumps(value)} is not of the type {hints[name]}"
            raise ValueError(message)
    try:
        return spec(**body)
    except TypeError as error:
        message = f"A field is missing: {error}"
        raise ValueError(message) from error


def _fits(value: object, hint: Any) -> bool:
    """Tell whether a JSON value fits a hint of the kinds that our specs use; a whole number fits a float."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        return any(_fits(value, one) for one in inner)
    if origin is list:
        return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if hint is object:
        return True
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, hint) or (isinstance(value, int) and hint is float)
