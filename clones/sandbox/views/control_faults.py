"""Control calls that put faults in the way, and let go of answers that are held. `controls` describes each."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.blocks import blocks
from clones.sandbox.control import ControlError, control, number, read_object, read_spec
from clones.sandbox.emails import forget_struck
from clones.sandbox.faults import FaultSpec, fault_book
from clones.sandbox.holding import Held, held_answers


@control("POST", "DELETE")
def faults(request: HttpRequest) -> HttpResponse:
    """Add a fault, or clear them all."""
    if request.method == "DELETE":
        clear_everything()
        return JsonResponse({})
    try:
        return JsonResponse({"id": fault_book.add(read_spec(request, FaultSpec))})
    except ValueError as error:
        raise ControlError(str(error)) from error


def clear_everything() -> None:
    """End all faults and blocks, and forget what was counted."""
    fault_book.clear()
    forget_struck()
    blocks.clear()


@control("GET")
def held(request: HttpRequest) -> HttpResponse:
    """List what is held, after waiting for the first."""
    waiting = held_answers.waiting(number(request, "wait", 0))
    return JsonResponse({"held": [_shown(one) for one in waiting]})


@control("POST")
def release(request: HttpRequest) -> HttpResponse:
    """Let go of one held answer, or of all."""
    chosen = read_object(request).get("id")
    if chosen is not None and not isinstance(chosen, int):
        message = f"id: {chosen!r} is not a number"
        raise ControlError(message)
    return JsonResponse({"released": held_answers.release(chosen)})


def _shown(one: Held) -> dict[str, object]:
    return {"id": one.id, "call": one.call, "stage": one.stage, "target": one.target, "ticket": one.ticket}
