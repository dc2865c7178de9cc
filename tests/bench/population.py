"""Many clones, quickly."""

from datetime import timedelta

from django.utils import timezone

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.models import Batch, CloneJob, Connection, EntityMapping, TargetStore, TemplateStore
from clones.secrets import Secret

ACTIVE_JOBS = 40
BATCH_SIZE = 50
ENDS = (*[JobStatus.COMPLETED] * 17, *[JobStatus.FAILED] * 2, JobStatus.CANCELED)


def make_shop() -> TemplateStore:
    """Make a connection and a template store."""
    connection = Connection.objects.create(name="Bench", api_url="https://app.ecwid.com/api/v3", client_id="bench")
    connection.client_secret = Secret.seal("bench")
    connection.save()
    return TemplateStore.objects.create(connection=connection, store_id="1001", name="Fashion")


def fill(template: TemplateStore, wanted: int) -> None:
    """Bring the number of clones up to `wanted`: the newest 40 are active, the others have ended over a year."""
    now = timezone.now()
    CloneJob.objects.filter(status=JobStatus.IN_PROGRESS).delete()
    have = CloneJob.objects.count()
    numbers = range(have, wanted)
    stores = [TargetStore(connection=template.connection, store_id=str(10_000_001 + number)) for number in numbers]
    TargetStore.objects.bulk_create(stores, ignore_conflicts=True, batch_size=1000)
    ids = list(TargetStore.objects.order_by("pk").values_list("pk", flat=True)[have:wanted])
    batches = Batch.objects.bulk_create(
        Batch(
            connection=template.connection, template=template, scope=CloneScope.ALL, created_at=now, name=f"Batch {n}"
        )
        for n in range(-(-len(ids) // BATCH_SIZE))
    )
    jobs = (_job(batches[place // BATCH_SIZE], target_id, len(ids) - place) for place, target_id in enumerate(ids))
    CloneJob.objects.bulk_create(jobs, batch_size=1000)


def _job(batch: Batch, target_id: int, age: int) -> CloneJob:
    """Return a clone that `age - 1` newer ones follow, asked for that many times five minutes ago."""
    status = JobStatus.IN_PROGRESS if age <= ACTIVE_JOBS else ENDS[age % len(ENDS)]
    asked_at = batch.created_at - timedelta(minutes=5 * age)
    return CloneJob(
        batch=batch,
        connection=batch.connection,
        template=batch.template,
        target_id=target_id,
        scope=batch.scope,
        status=status,
        ticket=f"ticket-{target_id}",
        failure_kind=FailureKind.TARGET if status == JobStatus.FAILED else "",
        created_at=asked_at,
        trying_since=asked_at,
        accepted_at=asked_at,
        finished_at=None if status == JobStatus.IN_PROGRESS else asked_at + timedelta(minutes=3),
    )


def map_one(pairs: int) -> CloneJob:
    """Return a completed clone with so many pairs."""
    job = CloneJob.objects.filter(status=JobStatus.COMPLETED).order_by("-pk")[0]
    job.mappings.all().delete()
    EntityMapping.objects.bulk_create(
        (
            EntityMapping(job=job, entity_type="product", source_id=str(500_000 + n), target_id=str(700_000_000 + n))
            for n in range(pairs)
        ),
        batch_size=5000,
    )
    return job
