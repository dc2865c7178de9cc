"""Slow down who guesses passwords; docs/decisions/0005-guessing.md tells why the rule is so."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac

from clones.models import LoginAttempts

logger = logging.getLogger(__name__)

FREE_ATTEMPTS: Final = 4  # so many may go wrong without a wait; typos do
FIRST_HOLD: Final = timedelta(minutes=1)  # it doubles with every further one,
LONGEST_HOLD: Final = timedelta(minutes=15)  # up to this
FORGOTTEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Attempt:
    """One password that somebody typed. `allowed` is False where it must not even be looked at.

    `held_until`: further ones are not allowed before; None: there is no hold.
    """

    key: str
    allowed: bool
    held_until: datetime | None

    def succeed(self) -> None:
        """Forget the wrong ones: this was the right one."""
        LoginAttempts.objects.filter(key=self.key).delete()


def begin_attempt(username: str, browser: str, now: datetime) -> Attempt:
    """Count a password as wrong before it is looked at: a hundred at one instant are held up as if one by one.

    `browser` is what `browser_mark` gave to this browser, "" for one that nobody signed in with; all else that begins
    with the person's id and a colon makes a count of its own. While a hold lasts nothing is counted, so nobody can
    prolong it.
    """
    user = User.objects.filter(username=username).only("username", "password").first()
    key = _key(username, user, browser)
    LoginAttempts.objects.filter(counted_at__lt=now - FORGOTTEN_AFTER).delete()
    with transaction.atomic():
        locked = LoginAttempts.objects.select_for_update(no_key=True)
        counted, _ = locked.get_or_create(key=key, defaults={"counted_at": now})
        if counted.is_held(now):
            name = user or "a name that is nobody's"  # which may be a password in the wrong field
            logger.warning("A password for %s was not looked at, after %d wrong ones", name, counted.failures)
            return Attempt(key, allowed=False, held_until=counted.held_until)
        counted.failures += 1
        counted.counted_at = now
        counted.held_until = _held_until(counted.failures, now)
        counted.save(update_fields=["failures", "counted_at", "held_until"])
    return Attempt(key, allowed=True, held_until=counted.held_until)


def browser_mark(user: User) -> str:
    """Return a mark for a browser in which this person has just proved to be who he or she is."""
    return f"{user.pk}:{secrets.token_urlsafe(16)}"


def _key(username: str, user: User | None, browser: str) -> str:
    """Return what wrong passwords are counted under: account, its password as it is kept, and browser where known.

    A new password, whoever sets it and wherever, makes a new key: that lifts every hold.
    """
    kept = user.password if user else ""
    mark = browser if user and browser.startswith(f"{user.pk}:") else ""
    return salted_hmac(__name__, f"{username}\0{kept}\0{mark}", algorithm="sha256").hexdigest()


def _held_until(failures: int, now: datetime) -> datetime | None:
    over = failures - FREE_ATTEMPTS
    if over <= 0:
        return None
    doublings = min(over - 1, 10)  # no more than makes the longest: the number of failures has no end
    return now + min(FIRST_HOLD * (1 << doublings), LONGEST_HOLD)
