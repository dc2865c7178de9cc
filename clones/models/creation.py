"""A store that is to be created at Ecwid."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clones.choices import CREATION_ENDED, CREATION_GONE, CreationStatus
from clones.models.connection import Connection
from clones.models.lease import Leased
from clones.models.store import TargetStore


class StoreCreation(Leased):
    """The step before a clone: one store for one e-mail. `steps` alone writes `status`; the engine alone the lease.

    `unanswered_since` is set before the request leaves and cleared by what settles it: while it is set, the store may
    exist. `email` is in lower case.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="creations")
    target = models.ForeignKey(TargetStore, on_delete=models.PROTECT, related_name="creations")
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=CreationStatus.choices, default=CreationStatus.WAITING)
    error_code = models.CharField(max_length=255, blank=True)
    error_message = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    trying_since = models.DateTimeField(null=True, help_text="The first request of the present series.")
    submitted_at = models.DateTimeField(null=True, help_text="The latest request to create it.")
    unanswered_since = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(name="creation_status_known", condition=Q(status__in=CreationStatus.values)),
            # No store is ever created twice.
            models.UniqueConstraint(
                name="creation_once_per_email", fields=["connection", "email"], condition=~Q(status__in=CREATION_GONE)
            ),
            models.UniqueConstraint(
                name="creation_once_per_target", fields=["target"], condition=~Q(status__in=CREATION_GONE)
            ),
            models.CheckConstraint(
                name="creation_finished_at_iff_ended",
                condition=Q(status__in=CREATION_ENDED, finished_at__isnull=False)
                | (~Q(status__in=CREATION_ENDED) & Q(finished_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(name="creation_due", fields=["next_action_at"], condition=Q(finished_at=None)),
            models.Index(name="creation_leased", fields=["leased_until"], condition=~Q(lease_token="")),
        ]

    def __str__(self) -> str:
        return f"Store for {self.email}"
