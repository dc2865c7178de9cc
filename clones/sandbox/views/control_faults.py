"""Control calls that put faults in the way, and let go of answers that are held.

- `POST /control/faults`: add a fault; answers `{"id": …}`. The first fault that strikes a call wins. Fields:
  - `fault`: what happens, see below;
  - `call`: `clone_start`, `clone_status`, `store_lookup`, `profile`, `products`, `categories`, `classes`,
    `latest_stats`, `any` (default);
  - `target`: only calls about this store (the one to be filled, the one that is read), or about this ticket;
  - `skip`: let so many matching calls pass first (0); `times`: strike so often (1; null: for ever);
  - `rate`: strike with this probability only (1.0), repeatable by `seed` (0);
  - `done`: whether the call's work is done all the same; `http_status`: of the answer, instead of the usual one;
  - `retry_after`: for `rate_limit`, seconds or any text, such as an HTTP date ("2"); `block_seconds`: how long the
    block lasts if not as long as `retry_after` says.
- `DELETE /control/faults`: no faults and no blocks any more.
- `GET /control/held?wait=SECONDS`: `{"held": [{"id", "call", "stage", "target", "ticket"}]}`, at once if an answer is
  held, else as soon as one is, else empty after `wait` seconds (0).
- `POST /control/release`: `{"id": …}` lets go of one held answer, no id of all. Answers `{"released": n}`.

| fault | what happens |
| --- | --- |
| `http_500` | 500 with INTERNAL_ERROR and no "success"; the work is not done unless `done` |
| `html` | 502 with a page of HTML; the work is not done unless `done` |
| `empty` | 200 with an empty body; the work is not done unless `done` |
| `truncated` | the work is done unless `done` is false; half of the answer goes out, then the connection closes |
| `drop_before` | the connection closes; nothing is done |
| `drop_after` | the work is done; the connection closes without an answer |
| `hold_before` | held; then the work is done and answered, even if the client has left (not at a shutdown) |
| `hold_after` | the work is done; the answer is held |
| `hold_midway` | the work is done; half of the answer goes out, the rest is held |
| `rate_limit` | 429 with Retry-After; begins a block: every call with this credential gets 429 until it ends |

The credential is the application, or, in reads of a store, the token: a block of one lets the others pass.

A held answer is let go of by `release`, by the client's leaving, and by the shutdown. Faults do not survive a restart.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse

from clones.sandbox.control import ControlError, control, number, read_object, read_spec
from clones.sandbox.faults import FaultKind, FaultSpec, fault_book
from clones.sandbox.holding import Held, held_answers


@control("POST", "DELETE")
def faults(request: HttpRequest) -> HttpResponse:
    """Add a fault, or clear them all."""
    if request.method == "DELETE":
        fault_book.clear()
        return JsonResponse({})
    spec = read_spec(request, FaultSpec)
    if spec.fault not in set(FaultKind):
        message = f"fault: {spec.fault!r} is none of {', '.join(FaultKind)}"
        raise ControlError(message)
    return JsonResponse({"id": fault_book.add(spec)})


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
