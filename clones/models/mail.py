"""The outbox: mails about batches that have ended."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from clones.choices import MailStatus
from clones.models.batch import Batch
from clones.models.lease import Leased


class BatchMail(Leased):
    """One mail about one batch, made in the transaction that ends it, sent at most once."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="mail")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=20, choices=MailStatus.choices, default=MailStatus.WAITING)
    error = models.TextField(blank=True, help_text="Why it was not sent yet.")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(name="mail_status_known", condition=Q(status__in=MailStatus.values)),
        ]
        indexes = [
            models.Index(
                name="mail_due",
                fields=["next_action_at"],
                condition=Q(status__in=(MailStatus.WAITING, MailStatus.SENDING)),
            ),
            models.Index(name="mail_leased", fields=["leased_until"], condition=~Q(lease_token="")),
        ]

    def __str__(self) -> str:
        return f"Mail about {self.batch}"
