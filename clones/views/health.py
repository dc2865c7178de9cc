"""Is the portal up, and can it work? For monitors; no login, no secrets, nothing that costs."""

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.log import log_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clones.engine import bell
from clones.models import WorkerBeat

logger = logging.getLogger(__name__)
_told = ""  # what the log was told last by this process: the sentences of the checks that failed


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
    trouble = " ".join(sentence for sentence in found.values() if sentence != "ok")
    answer = JsonResponse(found, status=503 if trouble else 200)
    _tell_the_log(trouble, request, answer)
    return answer


def _tell_the_log(trouble: str, request: HttpRequest, answer: HttpResponse) -> None:
    """Write a line when what is wrong changes, and none for each probe, as Django does for every 503."""
    global _told  # noqa: PLW0603  each web process tells it once
    if trouble != _told:
        _told = trouble
        if trouble:
            logger.warning("Not ready: %s", trouble)
        else:
            logger.info("Ready again.")
    if trouble:
        log_response("Not ready: %s", trouble, request=request, response=answer, level="debug")


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
