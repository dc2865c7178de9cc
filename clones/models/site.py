"""The Instant Site of a clone."""

from django.db import models
from django.db.models import Q

from clones.choices import SITE_ENDED, SiteStatus
from clones.models.job import CloneJob
from clones.models.lease import Leased


class SiteClone(Leased):
    """The step after a clone: the template's Instant Site into the target. It waits (not due) until the job completed.

    To clone a site again is safe, it overwrites: a lost answer is asked for again. `steps` alone writes `status`.
    """

    job = models.OneToOneField(CloneJob, on_delete=models.CASCADE, related_name="site")
    draft = models.BooleanField(help_text="Left as a draft; else published at once.")
    status = models.CharField(max_length=20, choices=SiteStatus.choices, default=SiteStatus.WAITING)
    error_code = models.CharField(max_length=255, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, help_text="The latest request.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(name="site_status_known", condition=Q(status__in=SiteStatus.values)),
            models.CheckConstraint(
                name="site_finished_at_iff_ended",
                condition=Q(status__in=SITE_ENDED, finished_at__isnull=False)
                | (~Q(status__in=SITE_ENDED) & Q(finished_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(name="site_due", fields=["next_action_at"], condition=Q(finished_at=None)),
            models.Index(name="site_leased", fields=["leased_until"], condition=~Q(lease_token="")),
        ]

    def __str__(self) -> str:
        return f"Site of {self.job}"
