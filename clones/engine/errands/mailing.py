"""The outbox's desk: mails about ended batches, each sent at most once."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet

from clones import mails
from clones.choices import MailStatus
from clones.engine import pacing
from clones.engine.database import AWAY
from clones.engine.delivery import Delivery, Fate, deliver
from clones.engine.errands.desk import Desk, Work
from clones.models import BatchMail

FIRST_PAUSE_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 1800.0
GIVE_UP_AFTER: Final = timedelta(days=1)
DIED: Final = "The worker stopped while it was being sent: nobody knows whether it was, so it is not sent again."
NO_WORDS: Final = "The portal could not word it, which is a mistake in the portal: its log says more."

logger = logging.getLogger(__name__)


class MailDesk(Desk[BatchMail]):
    """Sends what waits in the outbox. SENDING is written before a mail leaves; who dies then leaves UNSURE."""

    model = BatchMail
    at_once = 4

    def due(self, now: datetime) -> QuerySet[BatchMail]:
        """Mails that wait, longest due first."""
        waiting = BatchMail.objects.filter(state=MailStatus.WAITING, next_action_at__lte=now, lease_token="")
        return waiting.order_by("next_action_at", "pk")

    def prepare(self, rows: list[BatchMail], now: datetime) -> list[tuple[BatchMail, Work]]:
        """Write SENDING and word the mails; one that cannot be worded holds up no other."""
        del now
        BatchMail.objects.filter(pk__in=[row.pk for row in rows]).update(state=MailStatus.SENDING)
        return [(row, partial(deliver, message)) for row in rows if (message := _worded(row))]

    def settle(self, row: BatchMail, result: object, now: datetime) -> None:
        """Write down what became of it."""
        delivery = cast("Delivery", result)
        if delivery.fate is Fate.SENT:
            _write(row, MailStatus.SENT, "", sent_at=now)
        elif delivery.fate is Fate.UNSURE:
            _write(row, MailStatus.UNSURE, delivery.trouble)
        elif delivery.fate is Fate.NEVER or now - row.created_at > GIVE_UP_AFTER:
            _write(row, MailStatus.FAILED, delivery.trouble)
        else:
            pause = pacing.doubling(FIRST_PAUSE_SECONDS, row.tries + 1, LONGEST_PAUSE_SECONDS)
            at = now + timedelta(seconds=pause)
            _write(row, MailStatus.WAITING, delivery.trouble, tries=row.tries + 1, next_action_at=at)

    def settle_late(self, row: BatchMail, result: object, now: datetime) -> None:
        """Clear up what was unsure, where the answer came in after all."""
        if row.state == MailStatus.UNSURE and cast("Delivery", result).fate is Fate.SENT:
            _write(row, MailStatus.SENT, "", sent_at=now)

    def take_back(self, rows: list[BatchMail], now: datetime) -> None:
        """Send nothing twice."""
        del now
        for row in rows:
            _write(row, MailStatus.UNSURE, DIED)


def _worded(row: BatchMail) -> EmailMessage | None:
    """Word the mail; one that cannot be worded has failed."""
    try:
        with transaction.atomic():
            return _message(row)
    except AWAY:
        raise
    except Exception:
        logger.exception("The mail about batch %s could not be worded", row.batch_id)
        _write(row, MailStatus.FAILED, NO_WORDS)
        return None


def _message(row: BatchMail) -> EmailMessage:
    subject, text = mails.compose(row.batch)
    return EmailMessage(subject, text, to=[row.user.email])


def _write(row: BatchMail, state: MailStatus, error: str, **fields: object) -> None:
    if error:
        logger.warning("The mail about batch %s is %s. %s", row.batch_id, state.label.lower(), error)
    columns = {"next_action_at": None, "state": state, "error": error, **fields}
    BatchMail.objects.filter(pk=row.pk).update(**columns)
