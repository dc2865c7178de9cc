"""The check of a draft's targets, as a person asks for it. The work itself is `engine.errands.checking`'s.

What a check found is void as soon as its row changes: `drafts` sets such rows back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from clones.choices import CHECK_MOVES, BlockReason, CheckStatus
from clones.engine import bell, budget
from clones.models import Connection, Draft, DraftTarget, StoreKey
from clones.operations.drafts.changing import changing
from clones.operations.drafts.counting import HAS_NO_MISTAKE, Counts
from clones.operations.errors import InvalidRequestError

PROBLEMS: Final = (CheckStatus.BLOCKED, CheckStatus.WARNING, CheckStatus.UNCHECKED)  # the worst first
ALL: Final = (CheckStatus.NONE, CheckStatus.PASSED, *PROBLEMS)
CHUNK: Final = 500


def start_check(draft: Draft, user: User, *, only: Collection[CheckStatus] = ALL, at: datetime | None = None) -> int:
    """Have the targets of a draft checked, all that have no mistake, and return how many those are.

    `only`: those with one of these results. What is being checked already goes on. Tokens that were refused are tried
    once more, since a person asks. Raises InvalidRequestError where there is no template, LaunchedError.
    """
    now = at or timezone.now()
    with changing(draft, user) as locked:
        if locked.template is None:
            raise InvalidRequestError("Choose a template first: what a store needs to have room for depends on it.")
        rows = checkable(locked).filter(check_status__in=set(only) - set(CHECK_MOVES))
        ids = list(rows.order_by("position", "pk").select_for_update(no_key=True).values_list("pk", flat=True))
        chosen = DraftTarget.objects.filter(pk__in=ids)
        _try_refused_again(chosen, now)
        begun = chosen.update(
            check_status=CheckStatus.WAITING,
            findings=[],
            next_action_at=now,
            tries=0,
            version=F("version") + 1,
            lease_token="",
            leased_until=None,
            leased_by=None,
        )
        _spread_look_ups(chosen, locked.template.connection, now)
        transaction.on_commit(bell.ring_all)
    return begun


def _try_refused_again(rows: QuerySet[DraftTarget], now: datetime) -> None:
    refused = StoreKey.objects.filter(pk__in=rows.values("store_key"), block_reason=BlockReason.CREDENTIALS)
    locked = refused.order_by("pk").select_for_update(no_key=True)  # as `lock_keys`, so that neither waits for ever
    StoreKey.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(blocked_until=now)


def _spread_look_ups(rows: QuerySet[DraftTarget], connection: Connection, now: datetime) -> None:
    """Give each look-up its turn, at the pace of what the connection's budget leaves for people."""
    apart = timedelta(seconds=60 / ((1 - budget.ENGINE_SHARE) * connection.rate_limit))
    look_ups = list(rows.filter(store_id="").order_by("position", "pk").only("pk"))
    for turn, row in enumerate(look_ups):
        row.next_action_at = now + turn * apart
    DraftTarget.objects.bulk_update(look_ups, ["next_action_at"], batch_size=CHUNK)


def checkable(draft: Draft) -> QuerySet[DraftTarget]:
    """Select the targets that can be checked: those without mistakes."""
    return DraftTarget.objects.filter(HAS_NO_MISTAKE, draft=draft)


def blocked_ids(draft: Draft) -> list[int]:
    """Return the targets that a launch leaves out unless it is told to take them along."""
    blocked = checkable(draft).filter(check_status=CheckStatus.BLOCKED)
    return list(blocked.order_by("position", "pk").values_list("pk", flat=True))


@dataclass(frozen=True)
class CheckProgress:
    """How far the check of a draft is: `counts` of its targets without mistakes by `CheckStatus`."""

    counts: dict[str, int]

    @classmethod
    def of(cls, counts: Counts) -> "CheckProgress":
        """Take over what is counted already."""
        return cls(counts.checks)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def moving(self) -> int:
        """How many wait or are being checked."""
        return sum(self.counts[status] for status in CHECK_MOVES)

    @property
    def is_untouched(self) -> bool:
        """Tell whether no check was asked for yet."""
        return self.counts[CheckStatus.NONE] == self.total

    @property
    def asked(self) -> int:
        """How many a check was asked for, and that did not change since."""
        return self.total - self.counts[CheckStatus.NONE]

    @property
    def done(self) -> int:
        """How many have a result."""
        return self.asked - self.moving

    @property
    def problems(self) -> int:
        """How many did not pass."""
        return sum(self.counts[status] for status in PROBLEMS)

    @property
    def token(self) -> str:
        """A text that changes when the counts do."""
        return "-".join(str(self.counts[status]) for status in CheckStatus)
