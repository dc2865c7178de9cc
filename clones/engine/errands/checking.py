"""The check of targets before anything is sent: what the portal knows, and what stores and look-ups tell."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, QuerySet

from clones.choices import CHECK_MOVES, CheckStatus
from clones.ecwid import EcwidError, NoAnswer, NotSent, RateLimited
from clones.engine import budget
from clones.engine.calls import Caller
from clones.engine.check_facts import LookedUp, Told
from clones.engine.check_rules import examine, lacks_scope, result_of
from clones.engine.errands.checked import Checked, Plan
from clones.engine.errands.desk import Desk, Work
from clones.engine.errands.look_ups import LookUps
from clones.engine.errands.sharing import shared_out
from clones.engine.errands.visits import Visits
from clones.engine.outcome import block_for
from clones.engine.portal_knowledge import knowledge
from clones.engine.store_visit import Visit
from clones.models import DraftTarget

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 3
PAUSE: Final = timedelta(seconds=2)  # before the second try; a longer one before the third


class CheckDesk(Desk[DraftTarget]):
    """The desk at which targets of drafts are checked."""

    model = DraftTarget

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._visits = Visits(caller)
        self._look_ups = LookUps(caller)

    def due(self, now: datetime) -> QuerySet[DraftTarget]:
        """Select the targets that wait for their check, with all that tells where they belong."""
        moving = DraftTarget.objects.filter(check_status__in=CHECK_MOVES, lease_token="", next_action_at__lte=now)
        ready = moving.select_related("draft__template__connection").order_by("next_action_at", "pk")
        return shared_out(self, ready, "draft__template__connection")

    def prepare(self, rows: list[DraftTarget], now: datetime) -> list[tuple[DraftTarget, Work]]:
        """Look up what the portal knows of all of them; take requests for those that somebody is asked about."""
        known = knowledge(rows)
        with_known = [(row, known[row.pk]) for row in rows if row.pk in known]
        void = [row.pk for row in rows if row.pk not in known]  # the draft's template was deleted meanwhile
        self.rows().filter(pk__in=void).update(check_status=CheckStatus.NONE, next_action_at=None)
        plans = [
            *self._visits.plan(((row, about) for row, about in with_known if about.store_id), now, self.fence()),
            *self._look_ups.plan(((row, about) for row, about in with_known if not about.store_id), now, self.fence),
        ]
        return self._written_down(plans)

    def _written_down(self, plans: list[Plan]) -> list[tuple[DraftTarget, Work]]:
        for row, at in plans:
            if isinstance(at, datetime):
                self.rows().filter(pk=row.pk).update(next_action_at=at)
        work = [(row, call) for row, call in plans if not isinstance(call, datetime)]
        running = self.rows().filter(pk__in=[row.pk for row, _ in work]).exclude(check_status=CheckStatus.RUNNING)
        running.update(check_status=CheckStatus.RUNNING, version=F("version") + 1)
        return work

    def settle(self, row: DraftTarget, result: object, now: datetime) -> None:
        """Write the findings down, or let it be tried again. A row that was changed meanwhile is passed over."""
        assert isinstance(result, Checked)  # noqa: S101  what `prepare` gave out
        trouble = _trouble(result.told)
        _heed(result, trouble, now)
        if row.check_status != CheckStatus.RUNNING:
            return
        if isinstance(trouble, RateLimited | NotSent | NoAnswer) and row.tries + 1 < MOST_TRIES:
            row.check_status, row.tries = CheckStatus.WAITING, row.tries + 1
            row.next_action_at = now + PAUSE * row.tries
        else:
            findings = examine(result.known, result.told)
            row.check_status, row.findings = result_of(findings), [finding.as_json() for finding in findings]
            row.checked_at, row.next_action_at = now, None
        row.version += 1
        row.save(update_fields=["check_status", "findings", "checked_at", "next_action_at", "tries", "version"])


def _trouble(told: Told) -> EcwidError | None:
    if isinstance(told, Visit):
        return told.trouble
    return told.told if isinstance(told, LookedUp) and isinstance(told.told, EcwidError) else None


def _heed(result: Checked, trouble: EcwidError | None, now: datetime) -> None:
    """Stop all traffic of a credential that is refused or has reached its limit; free one that works again."""
    used = result.credential
    if used is None or result.asked_at is None:
        return
    block = block_for(trouble, now) if trouble and not lacks_scope(trouble) else None
    if block:
        logger.warning("A check stopped %s until %s: %s", used, f"{block.until:%F %T} UTC", block.reason.label)
        budget.stop_traffic(used, block.reason, block.until, now, block.message)
    elif used.block_reason and not isinstance(trouble, NotSent | NoAnswer):
        budget.resume_traffic(used.pk, result.asked_at, of=type(used))
