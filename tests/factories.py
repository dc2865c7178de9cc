"""One valid object each. Every table that a test needs is a call away."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from clones.choices import (
    CREATION_ENDED,
    SITE_ENDED,
    TERMINAL,
    CloneScope,
    CreationStatus,
    FailureKind,
    JobStatus,
    SiteStatus,
)
from clones.models import (
    Batch,
    CloneJob,
    Connection,
    SiteClone,
    StoreCreation,
    TargetStore,
    TemplateStore,
    WorkerBeat,
)
from clones.secrets import Secret

# Far from every store ID that a test names: how far a sequence gets depends on what ran before in the same process.
FIRST_TEMPLATE, FIRST_TARGET = 31_000_001, 92_000_001
FIRST_CONNECTION = 100_001  # and names of one length, which are in order
MISSING = 2_000_000_000  # the number of no row
FOLLOWED = (JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)


class ConnectionFactory(factory.django.DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    name = factory.Sequence(lambda n: f"Connection {FIRST_CONNECTION + n}")
    api_url = "https://app.ecwid.com/api/v3"
    client_id = factory.Sequence(lambda n: f"client-{n}")
    client_secret = factory.LazyFunction(lambda: Secret.seal("client-secret"))


class TemplateStoreFactory(factory.django.DjangoModelFactory[TemplateStore]):
    class Meta:
        model = TemplateStore

    connection = factory.SubFactory(ConnectionFactory)
    store_id = factory.Sequence(lambda n: str(FIRST_TEMPLATE + n))
    name = "Fashion"


class TargetStoreFactory(factory.django.DjangoModelFactory[TargetStore]):
    class Meta:
        model = TargetStore

    connection = factory.SubFactory(ConnectionFactory)
    store_id = factory.Sequence(lambda n: str(FIRST_TARGET + n))


class BatchFactory(factory.django.DjangoModelFactory[Batch]):
    class Meta:
        model = Batch

    template = factory.SubFactory(TemplateStoreFactory)
    connection = factory.SelfAttribute("template.connection")
    scope = CloneScope.ALL
    created_at = factory.LazyFunction(timezone.now)


class CloneJobFactory(factory.django.DjangoModelFactory[CloneJob]):
    """A job in whatever status, with the columns that the database demands of it."""

    class Meta:
        model = CloneJob

    batch = factory.SubFactory(BatchFactory)
    connection = factory.SelfAttribute("batch.connection")
    template = factory.SelfAttribute("batch.template")
    target = factory.SubFactory(TargetStoreFactory, connection=factory.SelfAttribute("..connection"))
    scope = factory.SelfAttribute("batch.scope")
    created_at = factory.LazyFunction(timezone.now)
    status = JobStatus.WAITING
    ticket = factory.Maybe(
        factory.LazyAttribute(lambda job: job.status in FOLLOWED),
        yes_declaration=factory.Sequence(lambda n: f"ticket-{n}"),
        no_declaration="",
    )
    accepted_at = factory.LazyAttribute(lambda job: job.created_at if job.status in FOLLOWED else None)
    finished_at = factory.LazyAttribute(lambda job: timezone.now() if job.status in TERMINAL else None)
    failure_kind = factory.LazyAttribute(lambda job: FailureKind.ECWID if job.status == JobStatus.FAILED else "")
    next_action_at = factory.LazyAttribute(lambda job: None if job.status in TERMINAL else job.created_at)


class StoreCreationFactory(factory.django.DjangoModelFactory[StoreCreation]):
    """A store to be created, due at once, for a target that has no ID yet."""

    class Meta:
        model = StoreCreation

    connection = factory.SubFactory(ConnectionFactory)
    email = factory.Sequence(lambda n: f"owner-{n}@new.example.com")
    name = "New Shop"
    target = factory.SubFactory(
        TargetStoreFactory,
        connection=factory.SelfAttribute("..connection"),
        store_id="",
        email=factory.SelfAttribute("..email"),
    )
    created_at = factory.LazyFunction(timezone.now)
    status = CreationStatus.WAITING
    finished_at = factory.LazyAttribute(lambda row: timezone.now() if row.status in CREATION_ENDED else None)
    next_action_at = factory.LazyAttribute(lambda row: None if row.status in CREATION_ENDED else row.created_at)


class SiteCloneFactory(factory.django.DjangoModelFactory[SiteClone]):
    """The Instant Site of a clone; due where that is completed."""

    class Meta:
        model = SiteClone

    job = factory.SubFactory(CloneJobFactory)
    draft = True
    created_at = factory.LazyFunction(timezone.now)
    status = SiteStatus.WAITING
    finished_at = factory.LazyAttribute(lambda row: timezone.now() if row.status in SITE_ENDED else None)
    next_action_at = factory.LazyAttribute(
        lambda row: row.created_at if row.job.is_completed and row.status == SiteStatus.WAITING else None
    )


class WorkerBeatFactory(factory.django.DjangoModelFactory[WorkerBeat]):
    class Meta:
        model = WorkerBeat

    queue = factory.Sequence(lambda n: f"portal-{n}")
    host = "host"
    started_at = factory.LazyFunction(timezone.now)
    beat_at = factory.LazyAttribute(lambda beat: beat.started_at + timedelta(minutes=30))  # alive on a slow machine too


def fresh(job: CloneJob) -> CloneJob:
    """Return the row as the database has it now, with what the engine reads along."""
    return CloneJob.objects.select_related("template", "target", "connection").get(pk=job.pk)


def events_of(job: CloneJob) -> list[tuple[str, str]]:
    """Return the job's history as (from, to)."""
    return list(job.events.values_list("from_status", "to_status"))


def columns(job: CloneJob, *names: str) -> dict[str, Any]:
    """Return columns of the row as the database has it now."""
    row: dict[str, Any] = CloneJob.objects.values(*names).get(pk=job.pk)
    return row
