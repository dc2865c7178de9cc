"""What is thrown away after a while. Called by every tick, does something once an hour."""

import time
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from clones.engine.retention import Retention
from clones.engine.store_keys import forget_unused
from clones.models import Draft

KEEP_DRAFTS: Final = timedelta(days=14)
EVERY_SECONDS: Final = 3600.0

_next_at = 0.0  # by this process's clock: several workers may do it, and then one finds nothing
_next_retention_at = 0.0
_retention = Retention()


def keep_house(now: datetime) -> None:
    """Forget, once an hour in each process, old drafts, and tokens that are not used any more; throw away old batches.

    Batches go in portions: one at each call while there is more of them.
    """
    global _next_at, _next_retention_at  # noqa: PLW0603  a tick lives for half a minute only
    if time.monotonic() >= _next_at:
        _next_at = time.monotonic() + EVERY_SECONDS
        forget_drafts(now)
        forget_unused(now)
    if time.monotonic() >= _next_retention_at:
        _next_retention_at = time.monotonic() + EVERY_SECONDS
        if _retention.take_turn(now):
            _next_retention_at = 0.0


def forget_drafts(now: datetime) -> None:
    """Forget old drafts with their targets and tokens, launched or not: what was launched is a batch."""
    with transaction.atomic():  # locked: one that somebody changes or launches just now is old no more
        old = Draft.objects.filter(changed_at__lt=now - KEEP_DRAFTS).order_by("pk")
        Draft.objects.filter(
            pk__in=[draft.pk for draft in old.select_for_update(no_key=True, skip_locked=True)]
        ).delete()
