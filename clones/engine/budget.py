"""How many requests may leave now, for one credential, over all workers: a token bucket and a breaker in its row.

All functions that write expect the row to be locked by the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from clones.choices import BlockReason
from clones.models import CloneJob, Connection, StoreCreation, Throttled

T = TypeVar("T", bound=Throttled)

# What starts and looks may take of the limit in any minute. The rest is left for people's tests and checks, which
# overdraw the bucket, and for requests that reach Ecwid later than they were counted here.
ENGINE_SHARE: Final = 0.8
BURST_SECONDS: Final = 1.0  # so much may come at once; what remains of the share flows evenly
EVEN_SHARE: Final = ENGINE_SHARE - BURST_SECONDS / 60

# Ecwid blocks whoever goes on with a key that it refuses, after 20 requests: should it be refused from now on, no more
# than these are on their way by then. A second and a half of the limit, so that only slow answers meet it.
MOST_IN_AIR: Final = 15
IN_AIR_SECONDS: Final = 1.5
RENEWED_WITHIN: Final = timedelta(seconds=5)  # a living worker renews its leases every second

PROBE_EVERY: Final = timedelta(hours=1)  # a refused key is tried again this often, with a single request
PROBE_AGAIN: Final = timedelta(seconds=10)
OLDEST_ANSWER: Final = timedelta(hours=2)  # none is written down so late: the tick that holds it has ended by then
CLOCKS_AGREE_TO: Final = timedelta(minutes=1)
RATE_LIMIT_MARGIN: Final = timedelta(seconds=0.5)  # Ecwid's clock and ours need not agree to the millisecond


def slots_per_second(rate_limit: int) -> float:
    """Return how many requests a second the engine has of a limit of `rate_limit` a minute."""
    return EVEN_SHARE * rate_limit / 60


def bucket_level(level: float, at: datetime | None, now: datetime, rate_limit: int) -> float:
    """Return the slots in a bucket that held `level` at `at` (None: never used, so full)."""
    burst = max(1.0, BURST_SECONDS * rate_limit / 60)
    if at is None or at >= now + CLOCKS_AGREE_TO:  # the clock that wrote it was wrong
        return burst
    elapsed = max(0.0, (now - at).total_seconds())  # another machine's clock may be ahead
    return min(burst, level + elapsed * slots_per_second(rate_limit))


def open_slots(credential: Throttled, now: datetime) -> int:
    """Return how many requests may leave at `now`: 0 while blocked, 1 for the probe of a refused key."""
    if credential.is_stopped(now):
        return 0
    level = max(0, int(_level(credential, now)))
    return min(1, level) if credential.block_reason == BlockReason.CREDENTIALS else level


def _level(credential: Throttled, now: datetime) -> float:
    return bucket_level(credential.bucket_level, credential.bucket_at, now, credential.rate_limit)


def ready(now: datetime) -> list[int]:
    """Return the connections over which a request may leave at `now`. Only a guess: no row is locked."""
    return [connection.pk for connection in Connection.objects.open(now) if open_slots(connection, now) > 0]


def room_in_air(connection: Connection, now: datetime, besides: Sequence[StoreCreation] = ()) -> int:
    """Return how many more requests of all workers may be without an answer at once.

    `besides`: leased already for what is being asked about.
    """
    renewed = now + timedelta(seconds=settings.LEASE_SECONDS) - RENEWED_WITHIN
    leased = Q(connection=connection, leased_until__gt=renewed) & ~Q(lease_token="")
    creations = StoreCreation.objects.filter(leased).exclude(pk__in=[row.pk for row in besides])
    in_air = CloneJob.objects.filter(leased).count() + creations.count()
    return max(0, max(MOST_IN_AIR, int(IN_AIR_SECONDS * connection.rate_limit / 60)) - in_air)


def seconds_until_slot(credential: Throttled, now: datetime) -> float:
    """Return how long until the engine has a slot again, blocks aside: 0 where there is one."""
    return max(0.0, (1 - _level(credential, now)) / slots_per_second(credential.rate_limit))


def seconds_until_test(credential: Throttled, now: datetime) -> float:
    """Return how long a request that a person asks for has to wait: 0 while some of what is left for those is left."""
    missing = lowest_for_test(credential.rate_limit) - _level(credential, now)
    return max(0.0, missing / slots_per_second(credential.rate_limit))


def lowest_for_test(rate_limit: int) -> float:
    """Return the level from which on a person's request may leave: a fifth of the limit may be overdrawn."""
    return 1 - (1 - ENGINE_SHARE) * rate_limit


def spend(credential: Throttled, count: int, now: datetime) -> None:
    """Write down that `count` requests leave at `now`; ends a rate limit that is over, defers the next probe."""
    level = _level(credential, now)
    credential.bucket_level, credential.bucket_at = level - count, _latest(credential.bucket_at, now)
    if credential.block_reason == BlockReason.CREDENTIALS:
        credential.blocked_until = now + PROBE_EVERY
    elif credential.block_reason:
        _clear(credential)
    credential.save(
        update_fields=[
            "bucket_level", "bucket_at", "blocked_since", "blocked_until", "block_reason", "block_message",
        ]
    )  # fmt: skip


def _latest(at: datetime | None, now: datetime) -> datetime:
    """Return the later one: from a clock that is behind, the same seconds would be given out twice."""
    return at if at and now < at < now + CLOCKS_AGREE_TO else now


def stop_traffic(used: Throttled, reason: BlockReason, until: datetime, now: datetime, message: str = "") -> None:
    """Open the breaker until `until`. A longer block that already stands is kept. Own transaction.

    `used` is the credential as it was when it was used: a refusal of a key that was changed since is passed over. A
    limit that is reached while the key is refused only prolongs that block: the key is still to be probed. As the
    breaker has one reason, the silence is then kept as a debt of the bucket, which holds for probes and tests too.
    """
    with transaction.atomic():
        credential = _rows(type(used)).select_for_update(no_key=True).get(pk=used.pk)
        if reason == BlockReason.CREDENTIALS and credential.key != used.key:
            return
        if {reason, credential.block_reason} == {BlockReason.RATE_LIMITED, BlockReason.CREDENTIALS}:
            _owe(credential, until if reason == BlockReason.RATE_LIMITED else credential.blocked_until, now)
        if credential.is_blocked(now) and credential.blocked_until and credential.blocked_until > until:
            return
        credential.blocked_since = credential.blocked_since or now
        credential.blocked_until = until
        if credential.block_reason != BlockReason.CREDENTIALS or reason == BlockReason.CREDENTIALS:
            credential.block_reason, credential.block_message = reason, message
        credential.save(update_fields=["blocked_since", "blocked_until", "block_reason", "block_message"])


def _rows(model: type[T]) -> QuerySet[T]:
    return model._default_manager.all()  # noqa: SLF001  the public name of what every model has


def _owe(credential: Throttled, until: datetime | None, now: datetime) -> None:
    """Take so much out of the bucket that nobody's request may leave before `until`."""
    if until and until > now:
        debt = (until - now).total_seconds() * slots_per_second(credential.rate_limit)
        credential.bucket_level = min(_level(credential, now), lowest_for_test(credential.rate_limit) - debt)
        credential.bucket_at = now
        credential.save(update_fields=["bucket_level", "bucket_at"])


def probe_again_soon(connection_id: int, now: datetime) -> None:
    """Let a refused key be tried again in a moment: the last probe did not get through to Ecwid, or no answer back."""
    stopped = Connection.objects.filter(pk=connection_id, block_reason=BlockReason.CREDENTIALS)
    stopped.update(blocked_until=now + PROBE_AGAIN)


def resume_traffic(credential_id: int, asked_at: datetime, of: type[Throttled] = Connection) -> None:
    """Close the breaker of a key that Ecwid has just accepted in a request that left at `asked_at`.

    Not if it was opened since; but a time so far ahead was written by a wrong clock.
    """
    before = Q(blocked_since__lt=asked_at) | Q(blocked_since__gt=asked_at + OLDEST_ANSWER)
    stopped = _rows(of).filter(before, pk=credential_id, block_reason=BlockReason.CREDENTIALS)
    stopped.update(blocked_since=None, blocked_until=None, block_reason="", block_message="")


def _clear(credential: Throttled) -> None:
    credential.blocked_since = credential.blocked_until = None
    credential.block_reason = credential.block_message = ""
