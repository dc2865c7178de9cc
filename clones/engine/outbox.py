"""The outbox: which mails there are to be."""

from datetime import datetime

from clones.models import Batch


def enqueue(batch: Batch, now: datetime) -> None:
    """Make the mail about the end of `batch`, in the caller's transaction."""
