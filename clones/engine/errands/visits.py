"""Which stores are visited now: as each token's budget and breaker allow. Runs in the transaction that leases."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db.models import Max

from clones.choices import BlockReason, CheckStatus
from clones.ecwid import CredentialsRefused, NoAnswer, RateLimited, StoreClient, StoreCredentials, Timeouts
from clones.ecwid.watch import Fence
from clones.engine import budget, store_keys
from clones.engine.calls import Caller
from clones.engine.check_facts import Known, Unasked
from clones.engine.check_rules import NO_TOKEN
from clones.engine.errands.checked import Checked, Plan, Rows, answered
from clones.engine.store_visit import MOST_QUESTIONS, Visit, visit
from clones.models import DraftTarget, StoreKey
from clones.secrets import SecretUnreadableError

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 3  # visits with one token: so few requests are on their way when Ecwid begins to refuse it
PATIENCE: Final = timedelta(seconds=90)  # a longer block is told instead of waited for
SOON: Final = timedelta(seconds=1)
TIMEOUTS: Final = Timeouts(connect=5, read=10, total=15)

REFUSED: Final = "Ecwid refuses this token, so nobody could look into the store: enter a new token, then check again."
TOO_MANY_REFUSED: Final = (
    "Ecwid has refused so many tokens within a day that going on would risk a block of this machine, so this one was "
    "not tried: put the refused ones right, and check again tomorrow."
)

Visitor = tuple[DraftTarget, Known, str]  # with the token


class Visits:
    """The visits of one tick, and what its threads know of tokens before the database hears of it."""

    def __init__(self, caller: Caller) -> None:
        self._session = caller.session
        self._stopped_at: dict[int, float] = {}

    def plan(self, rows: Rows, now: datetime, fence: Fence) -> Iterator[Plan]:
        """Plan each target that has a store ID. What is put off is written down already."""
        by_print: dict[str, list[Visitor]] = defaultdict(list)
        for row, known in rows:
            try:
                token = known.token.reveal()
            except SecretUnreadableError as error:
                yield answered(row, known, Unasked(str(error)))
                continue
            if token:
                by_print[store_keys.fingerprint(token)].append((row, known, token))
            else:
                yield answered(row, known, Unasked(NO_TOKEN))
        stops_here = bool(by_print) and store_keys.too_many_refused(now)
        for print_, key in store_keys.lock_keys(by_print, now).items():
            visitors = by_print[print_]
            if stops_here and not _is_proven(key):
                yield from (answered(row, known, Unasked(TOO_MANY_REFUSED)) for row, known, _ in visitors)
            else:
                yield from self._with_key(key, visitors, now, fence)

    def _with_key(self, key: StoreKey, visitors: list[Visitor], now: datetime, fence: Fence) -> Iterator[Plan]:
        ids = [row.pk for row, _, _ in visitors]
        DraftTarget.objects.filter(pk__in=ids).update(store_key=key)
        others = DraftTarget.objects.filter(store_key=key).exclude(pk__in=ids)
        in_air = others.exclude(lease_token="").count()
        if key.is_blocked(now):
            yield from _while_blocked(key, visitors, now, is_probed=in_air > 0)
            return
        slots = math.ceil(budget.open_slots(key, now) / MOST_QUESTIONS)
        go = max(0, min(slots, MOST_AT_ONCE - in_air))
        for row, known, token in visitors[:go]:
            yield row, self._work(row, known, token, key, now, fence)
            budget.spend(key, MOST_QUESTIONS, now)
        waiting = others.filter(check_status=CheckStatus.WAITING, next_action_at__gt=now)
        at = waiting.aggregate(last=Max("next_action_at"))["last"] or now
        at = max(at, now + timedelta(seconds=budget.seconds_until_slot(key, now)))
        for row, _, _ in visitors[go:]:  # each gets a turn of its own, so that none of them is looked at in vain
            yield row, at
            at += timedelta(seconds=MOST_QUESTIONS / budget.slots_per_second(key.rate_limit))

    def _work(
        self, row: DraftTarget, known: Known, token: str, key: StoreKey, now: datetime, fence: Fence
    ) -> Callable[[], object]:
        template = row.draft.template
        assert template is not None  # noqa: S101  the desk leaves the others out
        try:
            credentials = StoreCredentials(template.connection.api_url, known.store_id, token)
            client = StoreClient(credentials, self._session, timeouts=TIMEOUTS)
        except ValueError as error:
            return partial(Checked, known, Unasked(str(error)))
        began = time.monotonic()
        return partial(self._visit, client, known, key, now, lambda: self._why_stopped(key.pk, began) or fence())

    def _visit(self, client: StoreClient, known: Known, key: StoreKey, asked_at: datetime, fence: Fence) -> Checked:
        """Visit one store, on a thread; stop the other visits that are under way with a token that is refused."""
        try:
            told = visit(client, known.store_id, fence)
        except Exception:
            logger.exception("A visit of store %s broke", known.store_id)
            told = Visit(trouble=NoAnswer("the portal could not read it"))
        if isinstance(told.trouble, RateLimited | CredentialsRefused):
            self._stopped_at[key.pk] = time.monotonic()
        return Checked(known, told, key, asked_at)

    def _why_stopped(self, key_id: int, began: float) -> str:
        """Say why a visit that began then must not go on; those that begin later, the database lets go."""
        return "Ecwid has just refused the token" if began <= self._stopped_at.get(key_id, -1.0) else ""


def _is_proven(key: StoreKey) -> bool:
    """Tell whether Ecwid took it when it was last used."""
    return key.bucket_at is not None and key.block_reason != BlockReason.CREDENTIALS


def _while_blocked(key: StoreKey, visitors: list[Visitor], now: datetime, *, is_probed: bool) -> Iterator[Plan]:
    """Put off what a block ends soon for; say of the others why nobody asks."""
    until = key.blocked_until or now
    for row, known, _ in visitors:
        if key.block_reason == BlockReason.CREDENTIALS:
            yield (row, now + SOON) if is_probed else answered(row, known, Unasked(REFUSED))
        elif until - now <= PATIENCE:
            yield row, until
        else:
            words = f"Ecwid takes no requests with this token until {until:%H:%M} UTC: check again then."
            yield answered(row, known, Unasked(words))
