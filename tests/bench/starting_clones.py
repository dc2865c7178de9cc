"""How long starts take: `python -m tests.bench.starting_clones COUNT SIZE` launches them in batches of SIZE.

Prints the seconds from the first POST to the last ticket, then forgets the clones. At DATABASE_URL there is one
template, and a worker works.
"""

import sys

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.db.models import Max, Min

from clones.models import Batch, CloneEvent, CloneJob, TemplateStore
from clones.operations.launch import Order, start_batch
from tests.waiting import until


def launch(template: TemplateStore, count: int, size: int) -> None:
    """Launch them."""
    store_ids = [str(9_000_000 + number) for number in range(count)]
    for first in range(0, count, size):
        start_batch(Order(template, store_ids[first : first + size]))


def seconds_taken() -> float:
    """Return how long they took from the first POST to the last ticket."""
    times = CloneJob.objects.aggregate(first=Min("submitted_at"), last=Max("accepted_at"))
    return float((times["last"] - times["first"]).total_seconds())


def forget() -> None:
    """Leave no clone behind."""
    CloneEvent.objects.all().delete()
    CloneJob.objects.all().delete()
    Batch.objects.all().delete()


if __name__ == "__main__":
    count, size = map(int, sys.argv[1:])
    launch(TemplateStore.objects.get(), count, size)
    until(lambda: not CloneJob.objects.filter(accepted_at=None).exists(), "all tickets")
    sys.stdout.write(f"{seconds_taken()}\n")
    forget()
