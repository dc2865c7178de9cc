"""Who is told that a batch has ended: the mail is a row, made in the transaction that ends the batch."""

from datetime import datetime

from django.contrib.auth.models import User

from clones import mails
from clones.choices import MailChoice, MailStatus
from clones.lifecycle import LEASE_GIVEN_BACK
from clones.models import Batch, BatchMail, Profile


def enqueue(batch: Batch, now: datetime) -> None:
    """Put the mail about `batch` into the outbox, where its owner has an address and wants one; never a second one."""
    owner = _reader(batch)
    if owner is None or (_choice(owner) == MailChoice.FAILURES and mails.ended(batch).is_well):
        return
    mail = BatchMail(batch=batch, user=owner, created_at=now, next_action_at=now)
    BatchMail.objects.bulk_create([mail], ignore_conflicts=True)


def withhold(now: datetime, why: str) -> int:
    """Let no mail leave that waits, or that a batch which has not ended would send; return how many mails that are."""
    unsure = {"state": MailStatus.UNSURE, "error": why, "next_action_at": None}
    waiting = BatchMail.objects.filter(state__in=(MailStatus.WAITING, MailStatus.SENDING))
    count = waiting.update(**unsure, **LEASE_GIVEN_BACK)
    open_ = Batch.objects.filter(ended_at=None, mail=None).select_related("created_by")
    to_come = [(batch, owner) for batch in open_ if (owner := _reader(batch))]
    mails_to_come = [BatchMail(batch=batch, user=owner, created_at=now, **unsure) for batch, owner in to_come]
    BatchMail.objects.bulk_create(mails_to_come, ignore_conflicts=True)  # two workers may start at once
    return count + len(to_come)


def _reader(batch: Batch) -> User | None:
    """Return who may be told about the batch; None: nobody can, or wants to."""
    owner = batch.created_by
    if owner is None or not owner.is_active or not owner.email:
        return None
    return None if _choice(owner) == MailChoice.NEVER else owner


def _choice(owner: User) -> str:
    return Profile.objects.filter(user=owner).values_list("batch_mail", flat=True).first() or MailChoice.ALWAYS
