"""Work that a worker takes for a while."""

from django.db import models

from clones.models.worker import WorkerBeat


class Leased(models.Model):
    """A row that becomes due, is leased by one tick at a time, and is free again when the lease ends.

    `next_action_at` is empty where nothing is left to do. A lease is void after `leased_until`, and as soon as the
    worker in `leased_by` is dead (`WorkerBeatQuerySet.dead`).
    """

    next_action_at = models.DateTimeField(null=True, editable=False)
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    leased_by = models.ForeignKey(WorkerBeat, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    tries = models.PositiveIntegerField(default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Raised by every change a page shows.")

    class Meta:
        abstract = True
