"""One launch."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clones.choices import CloneScope, HoldReason
from clones.models.connection import Connection
from clones.models.store import TemplateStore


class BatchQuerySet(models.QuerySet["Batch"]):
    """Named queries over batches."""

    def kept(self) -> "BatchQuerySet":
        """Batches that are not being thrown away: all that a page may show."""
        return self.filter(thrown_away_since=None)


class Batch(models.Model):
    """What was asked for at once: one template into one or many targets. Every job belongs to one.

    Where the jobs differ in scope or demo option, those here are what most were asked for. `canary`: its first job goes
    alone; the others follow at `released_at`. While `held_since` is set, what waits is not sent; failures before
    `continued_at` hold it no more. `ended_at`: since when nothing of it moves by itself any more.
    `thrown_away_since`: it is too old to be kept, and no page shows it any more while it is deleted in portions.
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
    thrown_away_since = models.DateTimeField(null=True, editable=False)

    objects = BatchQuerySet.as_manager()

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
            # What is being thrown away: nearly always nothing.
            models.Index(
                name="batch_thrown_away", fields=["thrown_away_since"], condition=Q(thrown_away_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Batch {self.pk}"
