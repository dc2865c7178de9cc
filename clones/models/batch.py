"""One launch."""

from django.conf import settings
from django.db import models

from clones.choices import CloneScope
from clones.models.connection import Connection
from clones.models.store import TemplateStore


class Batch(models.Model):
    """What was asked for at once: one template into one or many targets. Every job belongs to one."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="batches")
    template = models.ForeignKey(TemplateStore, on_delete=models.PROTECT, related_name="batches")
    scope = models.CharField(max_length=20, choices=CloneScope.choices, default=CloneScope.ALL)
    clone_demo_catalog = models.BooleanField(default=False)
    name = models.CharField(max_length=200, blank=True)
    retry_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="retries")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name or f"Batch {self.pk}"
