"""The "Test" of a template store: the store itself says, by its own token, who it is and what it holds."""

import hashlib
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from clones.ecwid import (
    CredentialsRefused,
    EcwidError,
    GeneralErrorCode,
    LatestStats,
    NotFound,
    RateLimited,
    Refused,
    StoreClient,
    StoreCredentials,
    StoreProfile,
    make_session,
)
from clones.models import TemplateStore
from clones.operations.hurry import Hurry, Monotonic
from clones.operations.trial import Trial, lacks_scope, try_connection
from clones.secrets import SecretUnreadableError

logger = logging.getLogger(__name__)

LONGEST_NAME: Final = 255
LONGEST_URL: Final = 300
LARGEST_COUNT: Final = 2**31 - 1  # what the columns take


@dataclass(frozen=True)
class Told:
    """What the store told: `stats` is None where it was another store, `trouble` what the second question ended in."""

    profile: StoreProfile
    stats: LatestStats | None = None
    trouble: EcwidError | None = None


def try_template(template: TemplateStore, now: datetime, monotonic: Monotonic = time.monotonic) -> Trial:
    """Ask the store who it is and how much it holds, within LIMIT_SECONDS, and remember it in the `tested_` columns.

    Without a token the connection's key is tested instead. A failed test leaves what was remembered. Outside any
    transaction. Never raises EcwidError.
    """
    hurry = Hurry(monotonic)
    if not template.token:
        return _without_token(template, now, monotonic)
    silent_until = cache.get(_silence_of(template))
    if silent_until is not None and now < silent_until:
        until = f"{timezone.localtime(silent_until):%H:%M:%S %Z}"
        message = f"This store's rate limit is reached: nothing was sent. Test again after {until}."
        return Trial(False, message)
    try:
        told = _ask(template, hurry)
    except (SecretUnreadableError, ValueError) as error:
        return Trial(False, str(error))
    except EcwidError as error:
        _heed(template, error, now + timedelta(seconds=hurry.took_seconds))
        return Trial(False, _sentence(template, error), took_seconds=hurry.took_seconds)
    trial = _understood(template, told, now + timedelta(seconds=hurry.took_seconds))
    return replace(trial, took_seconds=hurry.took_seconds)


def _without_token(template: TemplateStore, now: datetime, monotonic: Monotonic) -> Trial:
    """Say what can be said without asking the store: that is no proof of it, so never `ok`."""
    trial = try_connection(template.connection, now, monotonic)
    facts = [("Connection", trial.headline)]
    if template.product_count is not None:
        facts.append(("Products in the last clone of it", f"{template.product_count:,}"))
    if template.category_count is not None:
        facts.append(("Categories in the last clone of it", f"{template.category_count:,}"))
    message = (
        "No store token: the store itself cannot be asked, only the connection's key was tested. Clones work without a "
        "token; with one, the portal shows the store's name, counts and plan limit."
    )
    return Trial(False, message, tuple(facts), trial.took_seconds)


def _ask(template: TemplateStore, hurry: Hurry) -> Told:
    credentials = StoreCredentials(template.connection.api_url, template.store_id, template.token.reveal())
    with make_session(pool_size=1) as session:
        profile = hurry.run(lambda timeouts: StoreClient(credentials, session, timeouts=timeouts).profile())
        if profile.store_id != template.store_id:
            return Told(profile)
        try:
            stats = hurry.run(lambda timeouts: StoreClient(credentials, session, timeouts=timeouts).latest_stats())
        except Refused as error:  # what was told already stands
            return Told(profile, LatestStats(None, None, "", ""), error)
        return Told(profile, stats)


def _understood(template: TemplateStore, told: Told, now: datetime) -> Trial:
    profile, stats = told.profile, told.stats
    if stats is None:
        message = f"The token belongs to store {profile.store_id}: set the token of store {template.store_id} instead."
        return Trial(False, message)
    _remember(template, profile, stats, now)
    facts = _facts(profile, stats)
    if told.trouble:
        return Trial(False, _sentence(template, told.trouble), facts)
    if profile.suspended:
        return Trial(False, _suspended(template), facts)
    return Trial(True, f"Store {template.store_id} answers.", facts)


def _remember(template: TemplateStore, profile: StoreProfile, stats: LatestStats, now: datetime) -> None:
    TemplateStore.objects.filter(pk=template.pk).update(
        tested_at=now,
        tested_name=_name(profile)[:LONGEST_NAME],
        tested_url=profile.store_url[:LONGEST_URL],
        tested_product_count=_storable(stats.product_count),
        tested_category_count=_storable(stats.category_count),
        tested_product_limit=_storable(profile.max_product_limit),
    )


def _storable(count: int | None) -> int | None:
    """Return a count that the columns take; None for what can be no count."""
    return count if count is not None and 0 <= count <= LARGEST_COUNT else None


def _name(profile: StoreProfile) -> str:
    return profile.store_name or profile.account_name


def _facts(profile: StoreProfile, stats: LatestStats) -> tuple[tuple[str, str], ...]:
    """Return what is known, as words; what Ecwid did not say is left out."""
    counts = {
        "Products": stats.product_count,
        "Categories": stats.category_count,
        "Products that its plan allows": profile.max_product_limit,
    }
    numbers = {label: f"{count:,}" for label, count in counts.items() if _storable(count) is not None}
    suspended = {True: "yes", False: "no", None: ""}[profile.suspended]
    facts = {"Name": _name(profile), "Address": profile.store_url, **numbers, "Suspended": suspended}
    return tuple((label, text) for label, text in facts.items() if text)


def _sentence(template: TemplateStore, error: EcwidError) -> str:
    """Say what went wrong, and the next step."""
    store = template.store_id
    if lacks_scope(error):
        return f"{error} The token of store {store} needs the scopes read_store_profile and read_catalog."
    if isinstance(error, CredentialsRefused):
        return f"{error} Set a new token of store {store}."
    if isinstance(error, NotFound):
        return f"{error} Check the store ID {store}."
    if isinstance(error, Refused) and GeneralErrorCode.named(error.code) is GeneralErrorCode.STORE_IS_SUSPENDED:
        return _suspended(template)
    if isinstance(error, RateLimited):
        return f"{error} Until then the store is not asked again."
    return f"{error} Try again in a minute."


def _suspended(template: TemplateStore) -> str:
    return f"Store {template.store_id} is suspended at Ecwid: ask its owner or Ecwid before you clone it."


def _heed(template: TemplateStore, error: EcwidError, now: datetime) -> None:
    """Remember a rate limit of the token: it has no row for a budget, and a shared cache is enough for a button."""
    if isinstance(error, RateLimited):
        until = now + timedelta(seconds=error.retry_after)
        logger.warning("Store %s is not asked until %s", template.store_id, f"{until:%F %T} UTC")
        cache.set(_silence_of(template), until, error.retry_after)


def _silence_of(template: TemplateStore) -> str:
    """Return the cache's key for this very token: another token of the same store may be used at once."""
    return f"store-silence-{hashlib.sha256(template.token.ciphertext.encode()).hexdigest()}"
