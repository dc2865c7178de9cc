"""One django-q2 task per look, as it would be written without the engine: the other side of `throughput`.

`python -m tests.bench.polling_task COUNT` empties the queue and puts so many first tasks into it.
"""

import sys
from datetime import timedelta
from functools import cache

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from clones.engine.calls import Caller
from clones.models import CloneJob


def poll(job_id: int) -> None:
    """Look at one clone, write down what came, and put the next look into the queue."""
    job = CloneJob.objects.select_related("connection").get(pk=job_id)
    status = _caller().client_for(job.connection).clone_status(job.ticket)
    later = timezone.now() + timedelta(seconds=1)
    CloneJob.objects.filter(pk=job_id).update(remote_status=status.raw_status, tries=0, next_action_at=later)
    enqueue(job_id)


def enqueue(job_id: int) -> None:
    """Put a look into the queue."""
    async_task("tests.bench.polling_task.poll", job_id)


@cache
def _caller() -> Caller:
    return Caller(1)  # a session for each process, kept open


if __name__ == "__main__":
    get_broker().delete_queue()
    for pk in CloneJob.objects.values_list("pk", flat=True)[: int(sys.argv[1])]:
        enqueue(pk)
