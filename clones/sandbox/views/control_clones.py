"""Control calls about clones, and the two logs. `controls` describes each."""

import json
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox import cloning
from clones.sandbox.cloning import Ending
from clones.sandbox.contract import Status
from clones.sandbox.control import ControlError, control, number, read_spec, set_options
from clones.sandbox.models import CloneTicket, RequestLog
from clones.sandbox.mover import mover

LOG_FIELDS = ("ticket", "source_id", "target_id", "scope", "demo", "accepted_at", "finished_at", "status")


@dataclass(frozen=True)
class Pace:
    """The fields of `POST /control/clones`; None leaves as it is."""

    paused: bool | None = None
    queued_seconds: float | None = None
    minimum_seconds: float | None = None
    seconds_per_1000_products: float | None = None


@dataclass(frozen=True)
class AskedEnding:
    """The fields of `POST /control/tickets/<ticket>/finish`."""

    status: str = Status.COMPLETED
    errorMessage: str = ""  # noqa: N815  as Ecwid spells it


@control("POST")
def clones(request: HttpRequest) -> HttpResponse:
    """Pause or resume all clones, or change their pace."""
    pace = read_spec(request, Pace)
    now = set_options(pace)
    if pace.paused is not None:
        cloning.pause(on=pace.paused)
        mover.ring()
    return JsonResponse({"paused": cloning.paused(), **now})


@control("POST")
def finish(request: HttpRequest, ticket: str) -> HttpResponse:
    """End one clone now."""
    asked = read_spec(request, AskedEnding)
    if asked.status not in {Status.COMPLETED, Status.FAILED}:
        message = f"status: {asked.status!r} is neither COMPLETED nor FAILED"
        raise ControlError(message)
    if not cloning.finish(ticket, Ending(Status(asked.status), asked.errorMessage)):
        return JsonResponse({"error": f"{ticket} is not running"}, status=404)
    return JsonResponse({"status": asked.status})


@control("GET")
def log(_: HttpRequest) -> HttpResponse:
    """Show every clone that really happened."""
    rows = CloneTicket.objects.order_by("pk").values_list(*LOG_FIELDS)
    return JsonResponse({"clones": [_shown(*row) for row in rows]})


@control("GET")
def mapping(_: HttpRequest, ticket: str) -> HttpResponse:
    """Show what one clone copied to what."""
    text = CloneTicket.objects.filter(ticket=ticket).values_list("mapping", flat=True).first()
    if text is None:
        return JsonResponse({"error": f"There is no ticket {ticket}"}, status=404)
    return JsonResponse(json.loads(text or "{}"))


@control("GET")
def requests(request: HttpRequest) -> HttpResponse:
    """Show the request log."""
    rows = RequestLog.objects.filter(pk__gt=number(request, "since", 0)).order_by("pk")
    call = request.GET.get("call", "")
    return JsonResponse({"requests": list((rows.filter(call=call) if call else rows).values())})


def _shown(ticket: str, source: int, target: int, *rest: object) -> dict[str, object]:
    names = ("scope", "demo", "accepted_at", "finished_at", "status")
    return {"ticket": ticket, "source": str(source), "target": str(target), **dict(zip(names, rest, strict=True))}
