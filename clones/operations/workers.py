"""What must not be done while a worker is at work."""

from datetime import datetime

from django.conf import settings

from clones.models import WorkerBeat
from clones.operations.errors import InvalidRequestError


def refuse_while_a_worker_lives(now: datetime) -> None:
    """Raise InvalidRequestError where a worker beats at `now`."""
    beat = WorkerBeat.objects.alive(now).first()
    if beat:
        message = (
            f"A worker is at work on {beat.host}. Stop worker and web first, everywhere. A worker that was killed "
            f"counts as gone after {settings.WORKER_SILENT_SECONDS} seconds."
        )
        raise InvalidRequestError(message)
