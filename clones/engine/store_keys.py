"""The tokens of stores, each with its own budget and breaker: a row for each, found by a keyed hash of the token."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.utils.crypto import salted_hmac

from clones.choices import BlockReason
from clones.models import StoreKey

FORGOTTEN_AFTER: Final = timedelta(days=1)  # longer than Ecwid blocks a token
# Ecwid blocks an address from which 600 requests with refused tokens came, and with it everything else that this
# machine asks. Half of that in a day, and no further token is tried.
MOST_REFUSED: Final = 300


def fingerprint(token: str) -> str:
    """Return what a token is known by; it cannot be read back, nor guessed without the portal's key."""
    return salted_hmac("clones.store_keys", token, algorithm="sha256").hexdigest()


def lock_keys(fingerprints: Collection[str], now: datetime) -> dict[str, StoreKey]:
    """Return the row of each fingerprint, made where there is none yet, locked until the transaction ends."""
    wanted = sorted(set(fingerprints))
    known = set(StoreKey.objects.filter(fingerprint__in=wanted).values_list("fingerprint", flat=True))
    fresh = [StoreKey(fingerprint=one, used_at=now) for one in wanted if one not in known]
    StoreKey.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = StoreKey.objects.filter(fingerprint__in=wanted).order_by("pk").select_for_update(no_key=True)
    keys = {key.fingerprint: key for key in rows}
    StoreKey.objects.filter(pk__in=[key.pk for key in keys.values()]).update(used_at=now)
    return keys


def site_fingerprint(token: str) -> str:
    """Return what a token is known by where it opens an Instant Site: Ecwid may take it there, and not elsewhere."""
    return fingerprint(f"Instant Site {token}")


def note_refused(print_: str, now: datetime) -> None:
    """Count a token that Ecwid has just refused; nobody is kept from trying it again."""
    refused = {"block_reason": BlockReason.CREDENTIALS, "blocked_since": now, "blocked_until": now}
    StoreKey.objects.filter(pk=lock_keys([print_], now)[print_].pk).update(**refused)


def too_many_refused(now: datetime) -> bool:
    """Tell whether so many tokens were refused lately that asking with yet another one would risk this address."""
    refused = StoreKey.objects.filter(block_reason=BlockReason.CREDENTIALS, blocked_since__gt=now - FORGOTTEN_AFTER)
    return refused.count() >= MOST_REFUSED


def forget_unused(now: datetime) -> int:
    """Delete the rows of tokens that were not used for a day; return how many those were."""
    deleted, _ = StoreKey.objects.filter(used_at__lte=now - FORGOTTEN_AFTER).delete()
    return deleted
