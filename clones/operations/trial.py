"""The "Test" of a connection: one harmless question shows whether Ecwid takes its key."""

import logging
import math
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from django.db import transaction
from django.utils import timezone

from clones.choices import BlockReason
from clones.ecwid import (
    AppCredentials,
    CredentialsRefused,
    EcwidError,
    GeneralErrorCode,
    NoAnswer,
    NotSent,
    PartnerClient,
    RateLimited,
    Refused,
    check_api_url,
    make_session,
)
from clones.engine import bell, budget
from clones.engine.outcome import Block, block_for
from clones.engine.tally import count_test
from clones.models import Connection
from clones.operations.hurry import Hurry, Monotonic
from clones.secrets import SecretUnreadableError

logger = logging.getLogger(__name__)

Result: TypeAlias = bool | EcwidError  # whether a store was found, or what the question ended in

NOBODYS_EMAIL: Final = "portal-test@example.com"  # reserved for examples: no store has it, and it belongs to nobody
USUAL_PATH: Final = "/api/v3"


@dataclass(frozen=True)
class Trial:
    """What a test came to: one or two sentences, and facts as (label, value). `ok`: all that was asked is well."""

    ok: bool
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    took_seconds: float = 0.0


class NothingSentError(Exception):
    """The test must not, or cannot, send anything now; the text says why and what to do."""


def try_connection(connection: Connection, now: datetime, monotonic: Monotonic = time.monotonic) -> Trial:
    """Ask Ecwid once, within LIMIT_SECONDS, whether it takes the key; a paused connection can be tested too.

    The answer counts as one of the engine's would: a refused key or a reached rate limit stops the connection, a key
    that works again sets it free. Outside any transaction, since the answer may take its time. Never raises EcwidError.
    """
    hurry = Hurry(monotonic)
    try:
        credentials = _credentials(connection)
        row = _with_slot(connection, now)
    except NothingSentError as error:
        return Trial(False, str(error))
    result = _ask(credentials, hurry)
    answered_at = now + timedelta(seconds=hurry.took_seconds)
    _settle(row, result, now, answered_at)
    count_test(row.pk, result)  # may fail, and what stops a connection must be written all the same
    trial = _understood(row, result)
    facts = (("Address", row.api_url), ("Client ID", row.client_id))
    pause = (("State", row.standstill(now)),) if row.paused_at else ()
    return replace(trial, facts=(*facts, *pause), took_seconds=hurry.took_seconds)


def _credentials(connection: Connection) -> AppCredentials:
    try:
        secret = connection.client_secret.reveal()
        return AppCredentials(check_api_url(connection.api_url), connection.client_id, secret)
    except (SecretUnreadableError, ValueError) as error:
        raise NothingSentError(str(error)) from None


def _with_slot(connection: Connection, now: datetime) -> Connection:
    """Take one request out of the connection's budget, also while it is paused or its key is refused.

    Returns the row as it is then. Raises NothingSentError during a rate limit.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if row.is_blocked(now) and row.block_reason == BlockReason.RATE_LIMITED and row.blocked_until:
            until = f"{timezone.localtime(row.blocked_until):%H:%M:%S %Z}"
            raise NothingSentError(f"Ecwid's rate limit is reached: nothing was sent. Test again after {until}.")
        wait = budget.seconds_until_test(row, now)
        if wait:
            message = "All requests that Ecwid allows just now are used up: nothing was sent. "
            raise NothingSentError(f"{message}Test again in {math.ceil(wait)} s.")
        budget.spend(row, 1, now)
    return row


def _ask(credentials: AppCredentials, hurry: Hurry) -> Result:
    with make_session(pool_size=1) as session:
        try:
            return hurry.run(
                lambda timeouts: PartnerClient(credentials, session, timeouts=timeouts).email_has_store(NOBODYS_EMAIL)
            )
        except EcwidError as error:
            return error


def _settle(row: Connection, result: Result, asked_at: datetime, now: datetime) -> None:
    """Stop the connection or set it free, as the answer says."""
    block = block_for(result, now) if isinstance(result, EcwidError) and not lacks_scope(result) else None
    if block:
        _stop(row, block, now)
    elif _leaves_open(row, result):
        budget.probe_again_soon(row.pk, now)
    elif row.block_reason:
        _set_free(row, asked_at)


def _stop(row: Connection, block: Block, now: datetime) -> None:
    logger.warning("A test stopped connection %s until %s: %s", row, f"{block.until:%F %T} UTC", block.reason.label)
    budget.stop_traffic(row, block.reason, block.until, now, block.message)


def _leaves_open(row: Connection, result: Result) -> bool:
    """Tell an answer that says nothing about the key and its right to clone."""
    if isinstance(result, EcwidError):
        return isinstance(result, (NotSent, NoAnswer)) or lacks_scope(result)
    return _is_elsewhere(row, found=result)


def _set_free(row: Connection, asked_at: datetime) -> None:
    """Let the engine send again. Where a scope was missing, only a clone can show whether it is there: one may try."""
    if GeneralErrorCode.INSUFFICIENT_APP_SCOPE in row.block_message:
        Connection.objects.filter(pk=row.pk, block_reason=BlockReason.CREDENTIALS).update(blocked_until=asked_at)
    else:
        budget.resume_traffic(row.pk, asked_at)
    transaction.on_commit(bell.ring_all)


def _is_elsewhere(row: Connection, *, found: bool) -> bool:
    """Tell a "not found" that may come from any server: only at Ecwid's usual path it speaks of the e-mail."""
    return not found and not row.api_url.endswith(USUAL_PATH)


def lacks_scope(error: EcwidError) -> bool:
    """Tell a key or token that is known, but may not do this, from one that is refused."""
    return isinstance(error, Refused) and (
        GeneralErrorCode.named(error.code) is GeneralErrorCode.INSUFFICIENT_APP_SCOPE
    )


def _understood(row: Connection, result: Result) -> Trial:
    if isinstance(result, EcwidError):
        return Trial(False, f"{result} {_advice(result)}")
    if _is_elsewhere(row, found=result):
        message = f"The address answers, but nothing is found there. Ecwid's own address ends in {USUAL_PATH}."
        return Trial(False, message)
    freed = " It was stopped because the key was refused; it goes on now." if row.block_reason else ""
    return Trial(True, f"Ecwid accepts the key of connection {row}.{freed}")


def _advice(error: EcwidError) -> str:
    """Return the next step after a test that failed."""
    if lacks_scope(error):
        return "The key is known, but its application lacks the scope read_stores: ask Ecwid to add it."
    if isinstance(error, CredentialsRefused):
        return "Put client ID and client secret right; until then nothing else is sent over this connection."
    if isinstance(error, RateLimited):
        return "Until then nothing is sent over this connection."
    if isinstance(error, NotSent):
        return "Check the address, and that this machine reaches the internet."
    return "Try again in a minute; where it stays so, check the address."
