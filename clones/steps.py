"""How the steps before and after a clone change: the only code that writes their status."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from clones.choices import CreationStatus
from clones.models import StoreCreation


def cancel_creations(creations: Iterable[StoreCreation], at: datetime) -> None:
    """Cancel those that wait. The caller has locked the rows."""
    rows = StoreCreation.objects.filter(pk__in=[each.pk for each in creations], status=CreationStatus.WAITING)
    rows.update(status=CreationStatus.CANCELED, finished_at=at, next_action_at=None, version=F("version") + 1)
