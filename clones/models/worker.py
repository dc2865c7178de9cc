"""Signs of life."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models


class WorkerBeatQuerySet(models.QuerySet["WorkerBeat"]):
    """Named queries over workers."""

    def alive(self, now: datetime) -> "WorkerBeatQuerySet":
        """Workers that beat within WORKER_SILENT_SECONDS; one that has only been started has not beaten yet."""
        loud = models.Q(beat_at__gt=now - timedelta(seconds=settings.WORKER_SILENT_SECONDS))
        return self.filter(loud, stopped_at=None, beat_at__gt=models.F("started_at"))

    def dead(self, now: datetime) -> "WorkerBeatQuerySet":
        """Workers whose leases are void: stopped, or silent for WORKER_SILENT_SECONDS."""
        silent = models.Q(beat_at__lte=now - timedelta(seconds=settings.WORKER_SILENT_SECONDS))
        return self.filter(silent | models.Q(stopped_at__isnull=False))


class WorkerBeat(models.Model):
    """One start of one django-q2 cluster: who it is, when its tick last gave a sign, and who holds its seat."""

    queue = models.CharField(max_length=80, unique=True, help_text="The django-q2 queue that its bells go to.")
    host = models.CharField(max_length=255)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    seat_token = models.CharField(max_length=32, blank=True, help_text="The tick that loops; empty when none does.")

    objects = WorkerBeatQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.host} {self.queue}"
