"""Launching clones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones import lifecycle
from clones.choices import CloneScope, SiteChoice
from clones.engine import bell
from clones.models import Batch, CloneJob, SiteClone, StoreCreation, TargetStore, TemplateStore
from clones.operations.cells import LONGEST_NAME, email_in, name_in, store_id_in
from clones.operations.claiming import claim, keep_facts
from clones.operations.errors import InvalidRequestError
from clones.operations.known_stores import live_creations, taken_emails
from clones.operations.names import check_name
from clones.operations.two_sides import refuse_templates
from clones.operations.wanted import Wanted

Pair = tuple[Wanted, TargetStore]


@dataclass(frozen=True)
class Order:
    """What is to be cloned: one template into target stores.

    `store_ids`: their IDs at Ecwid as typed, with the order's scope and demo option; `targets`: those with choices of
    their own. `canary`: the first one goes alone.
    """

    template: TemplateStore
    store_ids: Sequence[str] = ()
    scope: CloneScope = CloneScope.ALL
    clone_demo_catalog: bool = False
    name: str = ""
    targets: Sequence[Wanted] = ()
    canary: bool = False


@dataclass(frozen=True)
class Launch:
    """What came of an order: the batch (None where no target was free), and the clones that hold the busy targets."""

    batch: Batch | None
    jobs: list[CloneJob] = field(default_factory=list)
    busy: list[CloneJob] = field(default_factory=list)


def start_batch(order: Order, user: User | None = None, *, at: datetime | None = None) -> Launch:
    """Make a batch with one waiting job for each target that has no active clone, and ring for the workers.

    All or nothing where the order itself is wrong: raises InvalidRequestError. Targets with an active clone are left
    out and named. Two launches for one target (or one e-mail) at the same instant: the second waits for the first and
    finds it busy. `at`: when it was asked for; None: now.
    """
    wanted = _wanted(order)
    _check(order, wanted)
    now = at or timezone.now()
    with transaction.atomic():
        free, busy = _free(order.template, wanted)
        if not free:
            return Launch(None, busy=busy)
        keep_facts(free)
        batch = _new_batch(order, user, now, canary=order.canary and len(free) > 1)
        jobs = _new_jobs(batch, free)
        _new_creations(batch, free)
        _new_sites(jobs, free)
        lifecycle.record_start(jobs, at=now, actor=user)
        transaction.on_commit(bell.ring_all)
    return Launch(batch, jobs, busy)


def _wanted(order: Order) -> list[Wanted]:
    """Return the targets in their order, each store once: what is said first counts."""
    plain = (
        Wanted(store_id_in(text), scope=order.scope, clone_demo_catalog=order.clone_demo_catalog)
        for text in order.store_ids
    )
    return list({one.store: one for one in reversed([*plain, *order.targets])}.values())[::-1]


def _check(order: Order, wanted: Sequence[Wanted]) -> None:
    if not wanted:
        message = "Name at least one target store."
        raise InvalidRequestError(message)
    if order.template.archived_at:
        message = f"Template store {order.template} is archived: take it back into use first."
        raise InvalidRequestError(message)
    check_name(order.name)
    if len(order.name) > LONGEST_NAME:
        message = f"The name has at most {LONGEST_NAME} characters."
        raise InvalidRequestError(message)
    for one in order.targets:
        _check_target(one)
    refuse_templates(order.template.connection, [one.store_id for one in wanted if one.store_id])


def _check_target(wanted: Wanted) -> None:
    """Refuse what would not fit into its row: whoever calls may not have examined it."""
    if wanted.store_id:
        store_id_in(wanted.store_id)
    elif wanted.email != email_in(wanted.email) or not wanted.name:
        raise InvalidRequestError(f"A store for {wanted.email} cannot be created without its name.")
    name_in(wanted.label, "The label")
    name_in(wanted.name, "The name")


def _free(template: TemplateStore, wanted: Sequence[Wanted]) -> tuple[list[Pair], list[CloneJob]]:
    """Return the targets that may be cloned into, locked, and the active clones of the others."""
    targets = claim(template.connection, wanted)
    # Read after the rows were locked: another launch, or the worker, may have been first.
    creations = live_creations(template.connection, [one.email for one in wanted if not one.store_id])
    to_create = {target.pk for target in targets if not target.store_id}
    holders = to_create | {creation.target_id for creation in creations.values()}
    busy = _busy(template, {target.store_id for target in targets} - {""}, holders)
    held = {job.target_id for job in busy}
    refuse = [one for one in creations.values() if one.target_id not in held]
    if refuse:
        raise InvalidRequestError(" ".join(taken_emails(refuse, template.connection).values()))
    pairs = list(zip(wanted, targets, strict=True))
    named = {job.target.store_id for job in busy} | set(creations)
    free = [(one, target) for one, target in pairs if target.pk not in held and one.store not in named]
    _forget_needless(target for one, target in pairs if one.store in creations and target.pk not in held)
    return free, busy


def _busy(template: TemplateStore, store_ids: Iterable[str], holders: Iterable[int]) -> list[CloneJob]:
    """Return the active clones into these stores, over whichever connection at the template's address, and targets."""
    active = CloneJob.objects.active().select_related("target").order_by("pk")
    found = [*active.filter(target__in=holders), *active.into(template.connection, store_ids)]
    return list(dict.fromkeys(found))


def _forget_needless(targets: Iterable[TargetStore]) -> None:
    """Delete rows that were made for an e-mail whose store came into being a moment ago."""
    TargetStore.objects.filter(pk__in=[target.pk for target in targets], jobs=None, creations=None).delete()


def _new_batch(order: Order, user: User | None, now: datetime, *, canary: bool) -> Batch:
    return Batch.objects.create(
        connection=order.template.connection,
        template=order.template,
        scope=order.scope,
        clone_demo_catalog=order.clone_demo_catalog,
        name=order.name,
        created_by=user,
        created_at=now,
        canary=canary,
    )


def _due(batch: Batch, place: int) -> datetime | None:
    """Return when the first step of the batch's target at this place is due; None: it is held, for the canary."""
    return None if batch.canary and place else batch.created_at


def _new_jobs(batch: Batch, free: Sequence[Pair]) -> list[CloneJob]:
    """Make the jobs. One whose store is to be created is not due."""
    return CloneJob.objects.bulk_create(
        CloneJob(
            batch=batch,
            connection=batch.connection,
            template=batch.template,
            target=target,
            scope=wanted.scope,
            clone_demo_catalog=wanted.clone_demo_catalog,
            created_by=batch.created_by,
            created_at=batch.created_at,
            next_action_at=_due(batch, place) if target.store_id else None,
        )
        for place, (wanted, target) in enumerate(free)
    )


def _new_creations(batch: Batch, free: Sequence[Pair]) -> None:
    StoreCreation.objects.bulk_create(
        StoreCreation(
            connection=batch.connection,
            target=target,
            email=wanted.email,
            name=wanted.name,
            created_by=batch.created_by,
            created_at=batch.created_at,
            next_action_at=_due(batch, place),
        )
        for place, (wanted, target) in enumerate(free)
        if not target.store_id
    )


def _new_sites(jobs: Sequence[CloneJob], free: Sequence[Pair]) -> None:
    """Make the Instant Sites; they wait for their jobs."""
    SiteClone.objects.bulk_create(
        SiteClone(job=job, draft=wanted.instant_site == SiteChoice.DRAFT, created_at=job.created_at)
        for job, (wanted, _) in zip(jobs, free, strict=True)
        if wanted.instant_site != SiteChoice.NO
    )
