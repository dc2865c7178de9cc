"""Which e-mails are looked up now: as the connection's budget and breaker allow. Runs in the transaction that leases.

Look-ups take from what the budget leaves for people, at the pace at which that part flows (`operations.checks` gives
each its turn): a check of thousands of e-mails neither stops the clones nor exceeds the limit.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from clones.choices import BlockReason
from clones.ecwid import EcwidError, NoAnswer, PartnerClient
from clones.ecwid.watch import Fence
from clones.engine import budget
from clones.engine.calls import Caller, UnusableConnectionError
from clones.engine.check_facts import Known, LookedUp, Unasked
from clones.engine.check_rules import MAY_NOT_LOOK_UP, lacks_scope
from clones.engine.errands.checked import Checked, Plan, Rows, answered
from clones.engine.errands.visits import PATIENCE, SOON
from clones.models import Connection, DraftTarget

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 4  # of one connection


class LookUps:
    """The look-ups of one tick: what its threads know of connections that may not look up."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._not_allowed: set[tuple[str, str, str]] = set()

    def plan(self, rows: Rows, now: datetime, fence_of: Callable[[Connection], Fence]) -> Iterator[Plan]:
        """Plan each target that has an e-mail alone."""
        by_connection: dict[int, list[tuple[DraftTarget, Known]]] = defaultdict(list)
        for row, known in rows:
            template = row.draft.template
            assert template is not None  # noqa: S101  the desk leaves the others out
            by_connection[template.connection_id].append((row, known))
        for connection_id, together in sorted(by_connection.items()):
            locked = Connection.objects.filter(pk=connection_id).select_for_update(no_key=True, skip_locked=True)
            connection = locked.first()
            if connection:
                yield from self._over(connection, together, now, fence_of(connection))
            else:  # whoever holds it must not hold up the visits of stores
                yield from ((row, now + SOON) for row, _ in together)

    def _over(
        self, connection: Connection, rows: list[tuple[DraftTarget, Known]], now: datetime, fence: Fence
    ) -> Iterator[Plan]:
        why_not = self._why_not(connection, now)
        if why_not:
            yield from (answered(row, known, Unasked(why_not)) for row, known in rows)
            return
        if connection.is_blocked(now) and connection.blocked_until:
            yield from ((row, connection.blocked_until) for row, _ in rows)
            return
        try:
            client = self._caller.client_for(connection)
        except UnusableConnectionError as error:
            yield from (answered(row, known, Unasked(str(error))) for row, known in rows)
            return
        room = self._room(connection, rows)
        for number, (row, known) in enumerate(rows):
            if number < room and not budget.seconds_until_test(connection, now):
                budget.spend(connection, 1, now)
                yield row, partial(self._look_up, client, known, connection, now, fence)
            else:
                yield row, now + SOON

    def _why_not(self, connection: Connection, now: datetime) -> str:
        """Say why nobody will ask in a while; "" where somebody may."""
        if connection.paused_at or connection.block_reason == BlockReason.CREDENTIALS:
            return connection.standstill(now) or f"Ecwid refuses the key of connection {connection}."
        if connection.is_blocked(now) and connection.blocked_until and connection.blocked_until - now > PATIENCE:
            return connection.standstill(now)
        return MAY_NOT_LOOK_UP if connection.key in self._not_allowed else ""

    def _room(self, connection: Connection, rows: list[tuple[DraftTarget, Known]]) -> int:
        looked_up = DraftTarget.objects.filter(draft__template__connection=connection, store_id="")
        others = looked_up.exclude(pk__in=[row.pk for row, _ in rows])
        return max(0, MOST_AT_ONCE - others.exclude(lease_token="").count())

    def _look_up(
        self, client: PartnerClient, known: Known, connection: Connection, asked_at: datetime, fence: Fence
    ) -> Checked:
        """Look one e-mail up, on a thread."""
        told: bool | EcwidError
        try:
            told = client.email_has_store(known.email, fence=fence)
        except EcwidError as error:
            told = error
            if lacks_scope(error):
                self._not_allowed.add(connection.key)
        except Exception:
            logger.exception("A look-up broke")
            told = NoAnswer("the portal could not read it")
        return Checked(known, LookedUp(told), connection, asked_at)
