"""One launch."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clones.choices import CloneScope, HoldReason
from clones.models.connection import Connection
from clones.models.store import TemplateStore


class Batch(models.Model):
    """What was asked for at once: one template into one or many targets. Every job belongs to one.

    Where the jobs differ in scope or demo option, those here are what most were asked for. `canary`: its first job goes
    alone; the others follow at `released_at`. While `held_since` is set, what waits is not sent; failures before
    `continued_at` hold it no more. `ended_at`: since when nothing of it moves by itself any more.
    `left_out` counts by their reason the rows of its draft that its launch left out: {"wrong": n, "blocked": n,
    "busy": n}.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="batches")
    template = models.ForeignKey(TemplateStore, on_delete=models.PROTECT, related_name="batches")
    scope = models.CharField(max_length=20, choices=CloneScope.choices, default=CloneScope.ALL)
    clone_demo_catalog = models.BooleanField(default=False)
    name = models.CharField(max_length=200, blank=True)
    retry_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="retries")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    canary = models.BooleanField(default=False)
    released_at = models.DateTimeField(null=True, editable=False)
    held_since = models.DateTimeField(null=True, editable=False)
    hold_reason = models.CharField(max_length=20, blank=True, choices=HoldReason.choices, editable=False)
    continued_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    left_out = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                name="batch_held_for_a_reason",
                condition=Q(held_since=None, hold_reason="")
                | Q(held_since__isnull=False, hold_reason__in=HoldReason.values),
            ),
        ]
        indexes = [
            # What the worker still looks after, every second. By a column that the question names, for SQLite.
            models.Index(name="batch_open", fields=["ended_at"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return self.name or f"Batch {self.pk}"
