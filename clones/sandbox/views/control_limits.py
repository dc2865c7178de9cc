"""Control calls about who may call, and how often. `controls` describes each."""

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.blocks import blocks
from clones.sandbox.contract import AppScope
from clones.sandbox.control import ControlError, control, read_spec, set_options
from clones.sandbox.database import writing
from clones.sandbox.models import App


@dataclass(frozen=True)
class AppSpec:
    """The fields of `POST /control/apps`."""

    client_id: str
    secret: str
    scopes: list[str] = field(default_factory=lambda: [scope.value for scope in AppScope])


@dataclass(frozen=True)
class Limits:
    """The fields of `POST /control/limits`; None leaves as it is."""

    calls_a_minute: int | None = None
    bad_calls_a_minute: int | None = None
    bad_calls_from_one_address: int | None = None
    long_block_seconds: float | None = None
    site_token_seconds: float | None = None


@control("POST")
def apps(request: HttpRequest) -> HttpResponse:
    """Add an application, or change its key and scopes."""
    spec = read_spec(request, AppSpec)
    if not set(spec.scopes) <= set(AppScope):
        message = f"scopes: {spec.scopes!r} are not all among {', '.join(AppScope)}"
        raise ControlError(message)
    with writing():
        App.objects.update_or_create(pk=spec.client_id, defaults={"secret": spec.secret, "scopes": spec.scopes})
    return JsonResponse({"client_id": spec.client_id})


@control("POST", "DELETE")
def limits(request: HttpRequest) -> HttpResponse:
    """Change the limits from now on, or end all blocks and forget what was counted."""
    if request.method == "DELETE":
        blocks.clear()
        return JsonResponse({})
    return JsonResponse(set_options(read_spec(request, Limits)))
