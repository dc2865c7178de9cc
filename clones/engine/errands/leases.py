"""The leases of errands: taken, prolonged, and ended by a result, or by a word of the desk's where there is none."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from clones.engine.errands.desk import Desk, R, Work
from clones.engine.leasing import lease_end
from clones.lifecycle import LEASE_GIVEN_BACK
from clones.models import WorkerBeat


def lease(desk: Desk[R], worker_id: int, room: int, now: datetime) -> tuple[bool, list[tuple[R, Work]]]:
    """Lease at most `room` due rows for what the desk makes of them; tell also whether there were any."""
    token = uuid.uuid4().hex
    desk.worker_id = worker_id
    with transaction.atomic():
        rows = list(desk.due(now).select_for_update(of=("self",), no_key=True, skip_locked=True)[:room])
        if not rows:
            return False, []
        leased = desk.rows().filter(pk__in=[row.pk for row in rows])
        leased.update(lease_token=token, leased_by_id=worker_id, leased_until=lease_end(now))
        for row in rows:
            row.lease_token = token
        work = desk.prepare(rows, now)
        leased.exclude(pk__in=[row.pk for row, _ in work]).update(**LEASE_GIVEN_BACK)
    return True, work


def settle(desk: Desk[R], row_id: int, token: str, result: object, now: datetime) -> None:
    """Have the desk write down a result, and end the lease. It hears of it also where the lease was lost."""
    rows = desk.rows().filter(pk=row_id)
    with transaction.atomic():
        unlocked = rows.first()
        if unlocked is None:
            return
        desk.lock_first(unlocked)
        row = rows.select_for_update(no_key=True).first()
        if row is None:  # deleted a moment ago, as a draft's target may be
            return
        if row.lease_token == token:
            desk.settle(row, result, now)
            rows.filter(lease_token=token).update(**LEASE_GIVEN_BACK)
        else:
            desk.settle_late(row, result, now)


def renew(desk: Desk[Any], tokens: Mapping[int, str], now: datetime) -> None:
    """Prolong the leases that still stand. `tokens`: by row."""
    with transaction.atomic():
        ids = [row.pk for row in _locked(desk, tokens, skip_locked=True)]
        desk.rows().filter(pk__in=ids).update(leased_until=lease_end(now))


def give_back(desk: Desk[Any], tokens: Mapping[int, str], now: datetime) -> None:
    """End the leases that still stand, as nobody will wait for the answers any more."""
    with transaction.atomic():
        _free(desk, _locked(desk, tokens), now)


def take_back(desk: Desk[Any], now: datetime, *, only_stopped: bool) -> None:
    """End the leases that are void; `only_stopped`: those whose worker surely has no process left."""
    rows = desk.rows().exclude(lease_token="").filter(_is_void(now))
    if only_stopped:
        rows = rows.filter(leased_by__in=WorkerBeat.objects.filter(stopped_at__isnull=False))
    if rows.exists():
        with transaction.atomic():
            _free(desk, list(rows.order_by("pk").select_for_update(no_key=True, skip_locked=True)), now)


def _is_void(now: datetime) -> Q:
    return Q(leased_until__lte=now) | Q(leased_by__in=WorkerBeat.objects.dead(now))


def _locked(desk: Desk[R], tokens: Mapping[int, str], *, skip_locked: bool = False) -> list[R]:
    """Lock the rows that are leased by these tokens."""
    rows = desk.rows().filter(pk__in=tokens).order_by("pk")
    locked = rows.select_for_update(no_key=True, skip_locked=skip_locked)
    return [row for row in locked if row.lease_token == tokens[row.pk]]


def _free(desk: Desk[R], rows: list[R], now: datetime) -> None:
    """Have the desk decide about rows that the caller has locked, and end their leases."""
    if rows:
        desk.take_back(rows, now)
        desk.rows().filter(pk__in=[row.pk for row in rows]).exclude(lease_token="").update(**LEASE_GIVEN_BACK)
