"""Launching clones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones import lifecycle
from clones.choices import CloneScope
from clones.engine import bell
from clones.models import Batch, CloneJob, TargetStore, TemplateStore
from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name
from clones.operations.store_ids import check_store_ids
from clones.operations.two_sides import refuse_templates

LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class Order:
    """What is to be cloned: one template into target stores (their IDs at Ecwid, as typed)."""

    template: TemplateStore
    store_ids: Sequence[str]
    scope: CloneScope = CloneScope.ALL
    clone_demo_catalog: bool = False
    name: str = ""


@dataclass(frozen=True)
class Launch:
    """What came of an order: the batch (None where no target was free), and the clones that hold the busy targets."""

    batch: Batch | None
    jobs: list[CloneJob] = field(default_factory=list)
    busy: list[CloneJob] = field(default_factory=list)


def start_batch(order: Order, user: User | None = None, *, at: datetime | None = None) -> Launch:
    """Make a batch with one waiting job for each target that has no active clone, and ring for the workers.

    All or nothing where the order itself is wrong: raises InvalidRequestError. Targets with an active clone are left
    out and named. Two launches for one target at the same instant: the second waits for the first and finds it busy.
    `at`: when it was asked for; None: now.
    """
    store_ids = check_store_ids(order.store_ids)
    _check(order, store_ids)
    now = at or timezone.now()
    with transaction.atomic():
        targets = _locked_targets(order.template, store_ids)
        busy = list(CloneJob.objects.active().filter(target__in=targets).select_related("target"))
        held = {job.target_id for job in busy}
        free = [target for target in targets if target.pk not in held]
        if not free:
            return Launch(None, busy=busy)
        batch = _new_batch(order, user, now)
        jobs = _new_jobs(batch, free, now)
        lifecycle.record_start(jobs, at=now, actor=user)
        transaction.on_commit(bell.ring_all)
    return Launch(batch, jobs, busy)


def _check(order: Order, store_ids: list[str]) -> None:
    if not store_ids:
        message = "Name at least one target store."
        raise InvalidRequestError(message)
    if order.template.archived_at:
        message = f"Template store {order.template} is archived: take it back into use first."
        raise InvalidRequestError(message)
    check_name(order.name)
    if len(order.name) > LONGEST_NAME:
        message = f"The name has at most {LONGEST_NAME} characters."
        raise InvalidRequestError(message)
    refuse_templates(order.template.connection, store_ids)


def _locked_targets(template: TemplateStore, store_ids: list[str]) -> list[TargetStore]:
    """Return the target rows, made where they are new and locked until the transaction ends, in the order asked for."""
    rows = TargetStore.objects.filter(connection=template.connection, store_id__in=store_ids)
    known = set(rows.values_list("store_id", flat=True))
    # Sorted: two launches that lock the same rows in different orders would wait for each other for ever.
    fresh = [TargetStore(connection_id=template.connection_id, store_id=one) for one in sorted({*store_ids} - known)]
    TargetStore.objects.bulk_create(fresh, ignore_conflicts=True)
    found = {row.store_id: row for row in rows.select_for_update().order_by("store_id")}
    # Whoever names an archived target wants it back.
    rows.filter(pk__in=[row.pk for row in found.values() if row.archived_at]).update(archived_at=None)
    return [found[store_id] for store_id in store_ids]


def _new_batch(order: Order, user: User | None, now: datetime) -> Batch:
    return Batch.objects.create(
        connection=order.template.connection,
        template=order.template,
        scope=order.scope,
        clone_demo_catalog=order.clone_demo_catalog,
        name=order.name,
        created_by=user,
        created_at=now,
    )


def _new_jobs(batch: Batch, targets: list[TargetStore], now: datetime) -> list[CloneJob]:
    return CloneJob.objects.bulk_create(
        CloneJob(
            batch=batch,
            connection=batch.connection,
            template=batch.template,
            target=target,
            scope=batch.scope,
            clone_demo_catalog=batch.clone_demo_catalog,
            created_by=batch.created_by,
            created_at=now,
            next_action_at=now,
        )
        for target in targets
    )
