"""Who is told that a batch has ended: the mail is a row, made in the transaction that ends the batch."""

from datetime import datetime

from clones import mails
from clones.choices import MailChoice
from clones.models import Batch, BatchMail, Profile


def enqueue(batch: Batch, now: datetime) -> None:
    """Put the mail about `batch` into the outbox, where its owner has an address and wants one; never a second one."""
    owner = batch.created_by
    if owner is None or not owner.is_active or not owner.email:
        return
    chosen = Profile.objects.filter(user=owner).values_list("batch_mail", flat=True).first() or MailChoice.ALWAYS
    if chosen == MailChoice.NEVER or (chosen == MailChoice.FAILURES and mails.ended(batch).is_well):
        return
    mail = BatchMail(batch=batch, user=owner, created_at=now, next_action_at=now)
    BatchMail.objects.bulk_create([mail], ignore_conflicts=True)
