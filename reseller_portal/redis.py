"""How Redis is spoken to: never for long, and, where it only keeps copies, without need of it."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SCHEMES: Final = ("redis://", "rediss://", "unix://")
# More than the one second for which django-q2 waits for a bell.
LIMITS: Final = "socket_connect_timeout=2&socket_timeout=3"
REST_SECONDS: Final = 10.0
COPY_SECONDS: Final = 60


def with_limits(url: str) -> str:
    """Return the address of a Redis with limits to every wait; of two that say the same, redis-py takes the first.

    Raises ImproperlyConfigured, without a word of the address: there may be a password in it.
    """
    if url and not url.startswith(SCHEMES):
        message = "REDIS_URL is no address of a Redis. Write it like redis://host:6379/0"
        raise ImproperlyConfigured(message)
    return f"{url}{'&' if '?' in url else '?'}{LIMITS}" if url else ""


class SpareRedisCache(RedisCache):
    """A cache that is empty and forgets while Redis is away, instead of failing whoever asks.

    Of a Redis that takes connections and never answers one caller finds out; for a while all others are spared that.
    """

    _rests_until = 0.0  # of this process

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept, or `default`."""
        return self._ask(super().get, default, key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep something, where that is possible."""
        self._ask(super().set, None, key, value, timeout, version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether something is kept."""
        return bool(self._ask(super().has_key, False, key, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget something, where that is possible."""
        return bool(self._ask(super().delete, False, key, version))

    def _ask(self, call: Callable[..., Any], instead: Any, *args: Any) -> Any:
        if time.monotonic() < SpareRedisCache._rests_until:
            return instead
        try:
            return call(*args)
        except RedisError as error:
            SpareRedisCache._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("Redis does not answer (%s). Pages do without for a while.", type(error).__name__)
            return instead


class SessionCopies(SpareRedisCache):
    """Copies of sessions, which are in the database too; each short-lived, as one may miss that its session ended.

    What this process could not write or forget while Redis was away it forgets before it asks for anything afterwards.
    """

    _outdated: ClassVar[set[str]] = set()  # keys, of this process

    def set(self, key: Any, value: Any, timeout: Any = COPY_SECONDS, version: int | None = None) -> None:
        """Keep a copy, for COPY_SECONDS at most."""
        self._outdated.add(key)
        super().set(key, value, min(timeout, COPY_SECONDS), version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a copy now, or else as soon as that is possible."""
        self._outdated.add(key)
        return super().delete(key, version)

    def _ask(self, call: Callable[..., Any], instead: Any, *args: Any) -> Any:
        return super()._ask(partial(self._ask_after_forgetting, call), instead, *args)

    def _ask_after_forgetting(self, call: Callable[..., Any], *args: Any) -> Any:
        outdated = self._outdated.copy()
        self.delete_many(outdated)
        self._outdated.difference_update(outdated)
        return call(*args)
