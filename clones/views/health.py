"""Is the portal up, and can it work? For monitors; no login, no secrets, nothing that costs."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clones.engine import bell
from clones.models import WorkerBeat


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: this process serves requests. A container's own check."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when clones can run, else 503: database, queue and a worker that beats, each "ok" or a sentence."""
    checks: dict[str, Callable[[], str]] = {"database": _database, "queue": bell.queue_trouble, "worker": _worker}
    found = {name: check() or "ok" for name, check in checks.items()}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "The database does not answer."
    return ""


def _worker() -> str:
    try:
        alive = WorkerBeat.objects.alive(timezone.now()).exists()
    except DatabaseError:
        return "Unknown: the database does not answer."
    return "" if alive else "No worker beats. Start one with: manage.py worker"
