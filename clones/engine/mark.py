"""The mark: how far this database had come, remembered outside of it. An older backup in its place is noticed by that.

It lies in Redis, or in a file where there is no Redis. Whoever loses it notices less, and nothing else depends on it.
"""

import contextlib
import pickle
import zlib

from django.core.cache import caches

from clones.models import CloneEvent

# What reading raises where the file is not ours, or was cut short when the power went.
_UNREADABLE = (OSError, pickle.UnpicklingError, EOFError, zlib.error)


def keep() -> None:
    """Remember the newest event, unless a newer one was seen already. Raises what database and Redis raise."""
    if _newest_event() > seen():
        begin_anew()


def has_gone_back() -> bool:
    """Tell whether a newer event was seen in this database than it holds."""
    return seen() > _newest_event()  # read in this order: other workers go on meanwhile


def begin_anew() -> None:
    """Let the newest event of now be what was seen."""
    with contextlib.suppress(OSError):  # the disk is full, or the folder is not ours
        caches["mark"].set(_key(), _newest_event(), timeout=None)


def seen() -> int:
    """Return the number of the newest event that was seen; 0: none was."""
    try:
        return int(caches["mark"].get(_key(), 0))
    except _UNREADABLE:
        return 0


def batches_to_keep() -> set[int]:
    """Return the batches that must not be thrown away: the first event tells a database, the newest how far it is."""
    events = (
        CloneEvent.objects.order_by(order).values_list("job__batch", flat=True).first() for order in ("pk", "-pk")
    )
    return {batch for batch in events if batch is not None}


def _newest_event() -> int:
    newest = CloneEvent.objects.order_by("pk").values_list("pk", flat=True).last()
    return newest or 0


def _key() -> str:
    """Return what a database shares with its copies and with no other: its first event."""
    first = CloneEvent.objects.order_by("pk").values_list("pk", "at").first()
    return f"newest-event-{first[0]}-{first[1].timestamp()}" if first else "no-event"
