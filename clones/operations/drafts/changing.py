"""How a draft is changed: by one person at a time, and never once it was launched."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.models import Draft
from clones.operations.errors import InvalidRequestError


class LaunchedError(InvalidRequestError):
    """It was launched already; `batch_id`: as what."""

    def __init__(self, batch_id: int) -> None:
        super().__init__("These stores were launched already.")
        self.batch_id = batch_id


@contextmanager
def changing(draft: Draft, user: User | None) -> Iterator[Draft]:
    """Lock a draft, hand out the row as it is now, and store it with who changed it when.

    Only its key is left free: a worker that checks its targets refers to it, and each would wait for the other.
    Raises LaunchedError, and Draft.DoesNotExist where somebody discarded it.
    """
    with transaction.atomic():
        now = Draft.objects.select_for_update(no_key=True).get(pk=draft.pk)
        if now.batch_id:
            raise LaunchedError(now.batch_id)
        yield now
        now.changed_at = timezone.now()
        now.changed_by = user
        now.save()
