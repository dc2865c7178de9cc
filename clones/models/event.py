"""What happened to a job."""

from django.conf import settings
from django.db import models

from clones.choices import JobStatus
from clones.models.job import CloneJob


class CloneEvent(models.Model):
    """One line of a job's history, never changed. `actor` is empty where the worker did it."""

    job = models.ForeignKey(CloneJob, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    from_status = models.CharField(max_length=20, choices=JobStatus.choices, blank=True)
    to_status = models.CharField(max_length=20, choices=JobStatus.choices)
    note = models.TextField(blank=True, help_text="Our words.")
    code = models.CharField(max_length=255, blank=True, help_text="Ecwid's errorCode or status, as it came.")
    message = models.TextField(blank=True, help_text="Ecwid's errorMessage, as it came.")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.from_status} → {self.to_status}"
