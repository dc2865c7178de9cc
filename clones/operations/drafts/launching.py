"""From a draft to a batch: what would be launched now, and launching exactly that."""

import hashlib
import json
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones.choices import CheckStatus, CloneScope
from clones.models import CloneJob, Draft, DraftTarget
from clones.operations.drafts.changing import changing
from clones.operations.drafts.leaving_out import active_into, keep_left_out
from clones.operations.drafts.rows import TEXTS
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Launch, Order, start_batch
from clones.operations.wanted import Wanted, examine


class ChangedError(InvalidRequestError):
    """What would be launched now is not what the person saw."""

    def __init__(self) -> None:
        super().__init__("This changed while you looked at it, so nothing was launched. Please look at it once more.")


@dataclass(frozen=True)
class Plan:
    """What a launch would do now: `going` can go, `busy` are the clones in the way of some of those, `mistaken` cannot.

    `refused`: those that the check found Ecwid would refuse; `going` has them only where they are taken along.
    `seen` stands for all of it: a form brings it back, so that what is launched is what was seen.
    """

    going: list[tuple[DraftTarget, Wanted]]
    busy: list[CloneJob]
    mistaken: list[DraftTarget]
    refused: list[DraftTarget]
    seen: str

    @property
    def wanted(self) -> list[Wanted]:
        """What goes, and what another clone is in the way of."""
        return [one for _, one in self.going]

    @property
    def free(self) -> list[Wanted]:
        """Those that no other clone is in the way of."""
        return [one for _, one in self.going if one.store_id not in self._held]

    @property
    def wrong(self) -> int:
        """How many have mistakes."""
        return len(self.mistaken)

    @property
    def blocked(self) -> int:
        """How many Ecwid would refuse."""
        return len(self.refused)

    @property
    def left_out(self) -> dict[str, list[DraftTarget]]:
        """The rows that do not go along with `free`, as `Batch.left_out` counts them."""
        going = {row.pk for row, _ in self.going}
        return {
            "wrong": self.mistaken,
            "blocked": [row for row in self.refused if row.pk not in going],
            "busy": [row for row, one in self.going if one.store_id in self._held],
        }

    @property
    def _held(self) -> set[str]:
        return {job.target.store_id for job in self.busy}


def plan(draft: Draft, *, with_blocked: bool = False) -> Plan:
    """Look at all rows as they are now, and write nothing. A few queries, however many rows.

    A row that says the same as another one counts as little as if it were not there.
    """
    rows = list(draft.targets.all())
    found = examine(rows, draft.template, CloneScope(draft.scope), clone_demo_catalog=draft.clone_demo_catalog)
    going, mistaken, refused = [], [], []
    for row, one in zip(rows, found, strict=True):
        if one.errors or row.errors:
            row.errors = row.errors or {column: list(said) for column, said in one.errors.items()}
            mistaken.append(row)
            continue
        if one.wanted is None:
            continue
        if row.check_status == CheckStatus.BLOCKED:
            refused.append(row)
        if with_blocked or row.check_status != CheckStatus.BLOCKED:
            going.append((row, one.wanted))
    # A clone into a store that is to be created makes its row a mistake.
    busy = active_into(draft, (one.store_id for _, one in going))
    return Plan(going, busy, mistaken, refused, _seen(draft, [row for row, _ in going], busy))


def _seen(draft: Draft, rows: list[DraftTarget], busy: list[CloneJob]) -> str:
    """Return a fingerprint of what would be launched. Not of versions: a check that runs raises them all the time."""
    facts = [
        [draft.template_id, draft.scope, draft.clone_demo_catalog],
        [[row.pk, row.access_token.ciphertext, *(getattr(row, name) for name in TEXTS)] for row in rows],
        [job.target_id for job in busy],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def name_it(draft: Draft, user: User, name: str, *, canary: bool) -> None:
    """Remember what the last step asks for, whether or not it comes to a launch."""
    if (draft.name, draft.canary) != (name, canary):
        with changing(draft, user) as now:
            now.name = name
            now.canary = canary


def launch_draft(
    draft: Draft,
    user: User,
    *,
    only_valid: bool = False,
    with_blocked: bool = False,
    leave_out_busy: bool = False,
    seen: str = "",
) -> Launch:
    """Make a batch of a draft, once: a second call, at whatever moment, returns the batch of the first.

    `only_valid`: rows with mistakes are left out. `with_blocked`: rows that the check found Ecwid would refuse are
    launched all the same, otherwise left out. Where there are rows with mistakes, or busy stores, and nobody said that
    they are left out, or where `seen` (of the `Plan` that the person saw) is not what is there now, nothing happens:
    raises InvalidRequestError. What is left out is kept in a draft of its own; all other rows are forgotten.
    """
    with transaction.atomic():
        now = Draft.objects.select_for_update(no_key=True).get(pk=draft.pk)
        if now.batch:
            return Launch(now.batch)
        ready = plan(now, with_blocked=with_blocked)
        order = _order(now, ready, only_valid=only_valid, leave_out_busy=leave_out_busy, seen=seen)
        launch = start_batch(order, user)
        if launch.busy or not launch.batch:  # between our look and its lock
            raise ChangedError
        # Before the draft's batch, which is a key: a worker that checks a target refers to the draft.
        keep_left_out(now, launch.batch, ready.left_out, user)
        now.targets.all().delete()
        now.batch = launch.batch
        now.changed_at = timezone.now()
        now.changed_by = user
        now.save()
    return launch


def _order(draft: Draft, ready: Plan, *, only_valid: bool, leave_out_busy: bool, seen: str) -> Order:
    if seen and seen != ready.seen:
        raise ChangedError
    if not draft.template:
        raise InvalidRequestError("Choose the template store first.")
    if ready.wrong and not only_valid:
        raise InvalidRequestError("Some rows have mistakes: say whether to launch without them, or put them right.")
    if ready.busy and not leave_out_busy:
        raise InvalidRequestError("Some stores have a clone under way: say whether to leave them out.")
    if not ready.free:
        said = ": the check found that Ecwid would refuse them" if ready.blocked and not ready.wanted else ""
        raise InvalidRequestError(f"There is no store that could be cloned into now{said}.")
    return Order(
        draft.template,
        (),
        CloneScope(draft.scope),
        draft.clone_demo_catalog,
        draft.name,
        targets=ready.free,
        canary=draft.canary and len(ready.free) > 1,
    )
