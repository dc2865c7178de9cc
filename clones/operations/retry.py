"""Asking again for clones that failed or were canceled: each as a new clone that points at the old one."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from clones import lifecycle
from clones.choices import CREATION_GONE, ENDED_BADLY
from clones.engine import bell
from clones.engine.holds import jobs_that_can_be_held, lift_where_nothing_waits
from clones.models import Batch, CloneJob, SiteClone, StoreCreation, TargetStore
from clones.operations.cancel import cancel_jobs
from clones.operations.left_out import LeftOut
from clones.operations.retriable import SITE_WANTS_A_PERSON, refusals

NEVER_STARTED: Final = "Never started: its batch was held, and it was asked for again in another one."


@dataclass(frozen=True)
class Retry:
    """What came of it: the new clones with their batches, and the old ones that were left alone."""

    jobs: list[CloneJob] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def retry_jobs(jobs: Iterable[CloneJob], user: User | None = None, *, at: datetime | None = None) -> Retry:
    """Ask for `jobs` again with the options that each had, and ring for the workers. One transaction.

    Clones of one template share a new batch; where all of them come from one batch, the new one points at it and has
    its name, and its first one goes alone where that was wanted and did not end well. A store that was not created is
    asked for again. Two people who retry one clone at the same instant: the second is told that it was. `at`: when it
    was asked for; None: now.
    """
    now = at or timezone.now()
    with transaction.atomic():
        asked = _locked(list(jobs))
        refused = refusals(asked)
        made: list[CloneJob] = []
        batches: list[Batch] = []
        for group in _groups([job for job in asked if job.pk not in refused]):
            batch = _new_batch(group, user, now)
            batches.append(batch)
            made += CloneJob.objects.bulk_create(_new_job(job, batch, is_first=job is group[0]) for job in group)
        _new_creations(made)
        _new_sites(made)
        lifecycle.record_start(made, at=now, actor=user)
        if made:
            transaction.on_commit(bell.ring_all)
    return Retry(made, batches, [LeftOut(job, refused[job.pk].reason) for job in asked if job.pk in refused])


def retry_batch(batch: Batch, user: User | None = None, *, at: datetime | None = None) -> Retry:
    """Ask again for all of a batch that failed or was canceled, and where it is held for what never started.

    What never started is canceled in the old batch first. Left out are also completed clones whose Instant Site failed.
    One transaction.
    """
    now = at or timezone.now()
    with transaction.atomic():
        row = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if row.held_since is not None:
            cancel_jobs(jobs_that_can_be_held(row).only("pk"), user, at=now, note=NEVER_STARTED)
            lift_where_nothing_waits(row)
        ended_badly = Q(status__in=ENDED_BADLY) | Q(site__status__in=SITE_WANTS_A_PERSON)
        return retry_jobs(CloneJob.objects.filter(ended_badly, batch=row).only("target", "batch"), user, at=now)


def never_started(batch: Batch) -> int:
    """Count what `retry_batch` would take along of a held batch, beside what failed or was canceled. One query."""
    return jobs_that_can_be_held(batch).count() if batch.held_since else 0


def _locked(jobs: list[CloneJob]) -> list[CloneJob]:
    """Return the jobs as they are once their targets are locked, in the order in which a launch locks them too.

    What is creating one of the targets is locked before: its end must find the new clone that waits for it. So are
    their batches: none of them is thrown away meanwhile. What is being thrown away already is passed over.
    """
    rows = Batch.objects.kept().filter(pk__in={job.batch_id for job in jobs}).order_by("pk")
    batches = {batch.pk: batch for batch in rows.select_for_update(no_key=True)}
    targets = {job.target_id for job in jobs}
    list(
        StoreCreation.objects.filter(target__in=targets, finished_at=None).order_by("pk").select_for_update(no_key=True)
    )
    list(TargetStore.objects.filter(pk__in=targets).order_by("store_id", "pk").select_for_update(no_key=True))
    asked = CloneJob.objects.filter(pk__in=[job.pk for job in jobs], batch__in=batches).order_by("pk")
    found = list(asked.select_related("target", "template", "connection"))
    for job in found:  # thousands may be of one batch
        job.batch = batches[job.batch_id]
    return found


def _groups(jobs: list[CloneJob]) -> Iterable[list[CloneJob]]:
    """Return the jobs that may share a batch."""
    groups: dict[int, list[CloneJob]] = defaultdict(list)
    for job in jobs:
        groups[job.template_id].append(job)
    return groups.values()


def _new_batch(group: list[CloneJob], user: User | None, now: datetime) -> Batch:
    first = group[0]
    origin = first.batch if len({job.batch_id for job in group}) == 1 else None
    ((scope, demo), _) = Counter((job.scope, job.clone_demo_catalog) for job in group).most_common(1)[0]
    canary = origin is not None and keeps_canary(origin) and len(group) > 1
    return Batch.objects.create(
        connection_id=first.connection_id,
        template=first.template,
        scope=scope,
        clone_demo_catalog=demo,
        name=origin.name if origin else "",
        retry_of=origin,
        created_by=user,
        created_at=now,
        canary=canary,
    )


def keeps_canary(batch: Batch) -> bool:
    """Tell whether a retry's first clone goes alone too: nobody knows yet that the others would end well."""
    return batch.canary and batch.released_at is None


def _due(batch: Batch, *, is_first: bool) -> datetime | None:
    """Return when the first step of a clone is due; None: it is held, for the first one."""
    return batch.created_at if is_first or not batch.canary else None


def _new_job(job: CloneJob, batch: Batch, *, is_first: bool) -> CloneJob:
    return CloneJob(
        batch=batch,
        connection_id=job.connection_id,
        template=job.template,
        target=job.target,
        scope=job.scope,
        clone_demo_catalog=job.clone_demo_catalog,
        retry_of=job,
        created_by=batch.created_by,
        created_at=batch.created_at,
        next_action_at=_due(batch, is_first=is_first) if job.target.store_id else None,
    )


def _new_creations(jobs: list[CloneJob]) -> None:
    """Ask for the stores that `jobs` wait for, but for those that are being created as it is."""
    storeless = [job for job in jobs if not job.target.store_id]
    if not storeless:
        return
    rows = StoreCreation.objects.filter(target__in=[job.target_id for job in storeless]).order_by("pk")
    latest = {row.target_id: row for row in rows}
    first = {job.batch_id: job for job in reversed(jobs)}
    StoreCreation.objects.bulk_create(
        StoreCreation(
            connection_id=old.connection_id,
            target=job.target,
            email=old.email,
            name=old.name,
            created_by=job.created_by,
            created_at=job.created_at,
            next_action_at=_due(job.batch, is_first=job is first[job.batch_id]),
        )
        for job in storeless
        if (old := latest[job.target_id]).status in CREATION_GONE
    )


def _new_sites(jobs: list[CloneJob]) -> None:
    """Let the Instant Site follow each of `jobs` that retries one with it."""
    old = SiteClone.objects.filter(job__in=[job.retry_of_id for job in jobs]).values_list("job_id", "draft")
    drafts = dict(old)
    SiteClone.objects.bulk_create(
        SiteClone(job=job, draft=drafts[job.retry_of_id], created_at=job.created_at)
        for job in jobs
        if job.retry_of_id in drafts
    )
