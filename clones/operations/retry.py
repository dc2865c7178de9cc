"""Asking again for clones that failed or were canceled: each as a new clone that points at the old one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clones import lifecycle
from clones.engine import bell
from clones.models import Batch, CloneJob, TargetStore
from clones.operations.left_out import LeftOut
from clones.operations.retriable import refusals


@dataclass(frozen=True)
class Retry:
    """What came of it: the new clones with their batches, and the old ones that were left alone."""

    jobs: list[CloneJob] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def retry_jobs(jobs: Iterable[CloneJob], user: User | None = None, *, at: datetime | None = None) -> Retry:
    """Ask for `jobs` again with the options that they had, and ring for the workers. One transaction.

    Clones of one template, scope and demo option share a new batch; where all of them come from one batch, the new one
    points at it and has its name. Two people who retry one clone at the same instant: the second is told that it was.
    `at`: when it was asked for; None: now.
    """
    now = at or timezone.now()
    with transaction.atomic():
        asked = _locked([job.pk for job in jobs])
        refused = refusals(asked)
        made: list[CloneJob] = []
        batches: list[Batch] = []
        for group in _groups([job for job in asked if job.pk not in refused]):
            batch = _new_batch(group, user, now)
            batches.append(batch)
            made += CloneJob.objects.bulk_create(_new_job(job, batch) for job in group)
        lifecycle.record_start(made, at=now, actor=user)
        if made:
            transaction.on_commit(bell.ring_all)
    return Retry(made, batches, [LeftOut(job, refused[job.pk].reason) for job in asked if job.pk in refused])


def _locked(ids: list[int]) -> list[CloneJob]:
    """Return the jobs as they are once their targets are locked, in the order in which a launch locks them too."""
    targets = set(CloneJob.objects.filter(pk__in=ids).order_by().values_list("target_id", flat=True))
    list(TargetStore.objects.filter(pk__in=targets).order_by("store_id", "pk").select_for_update())
    return list(CloneJob.objects.filter(pk__in=ids).select_related("target", "template", "batch").order_by("pk"))


def _groups(jobs: list[CloneJob]) -> Iterable[list[CloneJob]]:
    """Return the jobs that may share a batch."""
    groups: dict[tuple[int, str, bool], list[CloneJob]] = defaultdict(list)
    for job in jobs:
        groups[job.template_id, job.scope, job.clone_demo_catalog].append(job)
    return groups.values()


def _new_batch(group: list[CloneJob], user: User | None, now: datetime) -> Batch:
    first = group[0]
    origin = first.batch if len({job.batch_id for job in group}) == 1 else None
    return Batch.objects.create(
        connection_id=first.connection_id,
        template=first.template,
        scope=first.scope,
        clone_demo_catalog=first.clone_demo_catalog,
        name=origin.name if origin else "",
        retry_of=origin,
        created_by=user,
        created_at=now,
    )


def _new_job(job: CloneJob, batch: Batch) -> CloneJob:
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
        next_action_at=batch.created_at,
    )
