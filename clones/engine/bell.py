"""The bell: a django-q2 message without content that makes workers look at the job table now.

A bell may be lost, doubled or late without harm: every worker also looks by itself every few seconds.
"""

import logging
from collections.abc import Collection

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from clones.models import WorkerBeat

logger = logging.getLogger(__name__)

TICK = "clones.tasks.tick"
DEFAULT_QUEUE: str = settings.Q_CLUSTER["name"]  # that of a plain `manage.py qcluster`; workers have their own


def ring_all() -> None:
    """Ring for every living worker, or for a plain qcluster that has not beaten yet.

    Never raises; for `transaction.on_commit`.
    """
    try:
        queues = list(WorkerBeat.objects.alive(timezone.now()).values_list("queue", flat=True))
    except DatabaseError:
        logger.warning("The workers could not be rung; they will look by themselves.")
        return
    # Each try at a Redis that is silent takes seconds, and one is enough to know.
    all(try_to_ring(queue) for queue in queues or [DEFAULT_QUEUE])


def try_to_ring(queue: str) -> bool:
    """Ring, and tell whether that was possible. Never raises."""
    try:
        ring(queue)
    except Exception as error:  # noqa: BLE001  a bell is never worth failing for, whatever the broker raises
        logger.warning("A bell was lost (%s); the worker will look by itself.", type(error).__name__)
        return False
    return True


def ring(queue: str) -> None:
    """Put a bell into `queue` unless one waits there already. Raises what the broker raises."""
    if not get_broker(queue).queue_size():
        async_task(TICK, cluster=queue, task_name="tick")


def forget_queue(queue: str) -> None:
    """Delete what is left in the queue of a worker that has gone."""
    get_broker(queue).delete_queue()


def bells_waiting(queues: Collection[str]) -> int | None:
    """Return how many bells wait in the queues of these workers, or of a plain qcluster; None where none can be had."""
    try:
        return sum(int(get_broker(queue).queue_size()) for queue in queues or [DEFAULT_QUEUE])
    except Exception:  # noqa: BLE001  each broker has its own exceptions
        return None


def queue_trouble() -> str:
    """Say in a sentence why bells cannot be rung; "" when they can."""
    return "The queue (Redis, or the database) does not answer." if bells_waiting([DEFAULT_QUEUE]) is None else ""
