"""A portal that has been at work for a while. `python -m tests.bench.population 100000` fills the database of
DATABASE_URL and prints a `Population`.

The newest 40 clones are active, and the newest twentieth of all is one batch; the others ended five minutes apart, so
that 100,000 are a year. What looks random is the same each time.
"""

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from random import Random
from typing import Final

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from clones.choices import CloneScope, FailureKind, JobStatus
from clones.engine import mappings
from clones.models import Batch, CloneJob, Connection, TargetStore, TemplateStore
from clones.permissions import Role
from clones.secrets import Secret
from tests.bench.bench import Population
from tests.people import person

PEOPLE: Final = 12
TEMPLATES: Final = 8
ACTIVE_JOBS: Final = 40
BATCH_SIZE: Final = 18  # so that 1,000 clones fill a page of batches too
BIG_BATCH_SHARE: Final = 20
PAIRS_SHARE: Final = 4  # beside 100,000 clones there is one with 25,000 pairs …
MANY_PAIRS: Final = 2  # … and one with 200,000
ACTIVE: Final = (JobStatus.WAITING, JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.IN_PROGRESS)
ENDS: Final = (*[JobStatus.COMPLETED] * 17, *[JobStatus.FAILED] * 2, JobStatus.CANCELED)
AT_ONCE: Final = 2000


def fill(clones: int) -> Population:
    """Make the tables, and so many clones with all that belongs to them."""
    call_command("migrate", verbosity=0)
    batches = _make_batches(clones)
    targets = _make_targets(clones, batches[0].connection)
    jobs = _make_jobs(batches, targets)
    few, many = [job for job in jobs if job.is_completed][-2:]
    _map(few, clones // PAIRS_SHARE)
    _map(many, clones * MANY_PAIRS)
    _settle()
    middle = batches[len(batches) // 2]
    return Population(
        clones=clones,
        username=person("bench", Role.ADMIN).username,
        user_id=middle.created_by_id or 0,
        template_id=middle.template_id,
        batch_id=middle.pk,
        big_batch_id=batches[-1].pk,
        target_id=targets[clones // 2].pk,
        store_id=targets[clones // 2].store_id,
        pairs=clones // PAIRS_SHARE,
        pairs_job_id=few.pk,
        many_pairs_job_id=many.pk,
    )


def _make_batches(clones: int) -> list[Batch]:
    """Make the batches, and whose they are; the last one is the big one."""
    shop = Connection(name="Bench", api_url="https://app.ecwid.com/api/v3", client_id="bench")
    shop.client_secret = Secret.seal("bench")
    shop.save()
    templates = [
        TemplateStore.objects.create(connection=shop, store_id=str(1001 + number), name=f"Template {number}")
        for number in range(TEMPLATES)
    ]
    people = [User.objects.create(username=f"person-{number}") for number in range(PEOPLE)]
    small = (clones - clones // BIG_BATCH_SHARE) // BATCH_SIZE
    chance = Random(1)
    return Batch.objects.bulk_create(
        Batch(
            connection=shop,
            template=templates[min(chance.randrange(TEMPLATES), chance.randrange(TEMPLATES))],
            created_by=chance.choice(people),
            created_at=timezone.now(),
            name=f"Launch {number}",
        )
        for number in range(small + 1)
    )


def _make_targets(clones: int, shop: Connection) -> list[TargetStore]:
    return TargetStore.objects.bulk_create(
        (
            TargetStore(connection=shop, store_id=str(10_000_001 + 7 * number), label=f"Shop {number}")
            for number in range(clones)
        ),
        batch_size=AT_ONCE,
    )


def _make_jobs(batches: list[Batch], targets: list[TargetStore]) -> list[CloneJob]:
    """Make a clone into each target, the batches filled one after the other."""
    now, chance = timezone.now(), Random(2)
    return CloneJob.objects.bulk_create(
        (
            _job(batches[min(place // BATCH_SIZE, len(batches) - 1)], target, now, len(targets) - place, chance)
            for place, target in enumerate(targets)
        ),
        batch_size=AT_ONCE,
    )


def _job(batch: Batch, target: TargetStore, now: datetime, age: int, chance: Random) -> CloneJob:
    """Return a clone that `age - 1` newer ones follow."""
    status = ACTIVE[age % len(ACTIVE)] if age <= ACTIVE_JOBS else ENDS[age % len(ENDS)]
    asked_at = now - timedelta(minutes=5 * age)
    is_sent = status != JobStatus.WAITING
    is_active = age <= ACTIVE_JOBS
    return CloneJob(
        batch=batch,
        connection_id=batch.connection_id,
        template_id=batch.template_id,
        created_by_id=batch.created_by_id,
        target=target,
        scope=CloneScope.ALL,
        status=status,
        ticket=f"ticket-{target.pk}" if is_sent else "",
        failure_kind=FailureKind.TARGET if status == JobStatus.FAILED else "",
        created_at=asked_at,
        trying_since=asked_at if is_sent else None,
        accepted_at=asked_at if is_sent else None,
        finished_at=None if is_active else asked_at + timedelta(seconds=60 + chance.randrange(800)),
    )


def _map(job: CloneJob, pairs: int) -> None:
    mappings.store(
        job.pk,
        {
            "product": {str(500_000 + n): str(700_000_000 + n) for n in range(pairs) if n % 5},
            "category": {str(500_000 + n): str(700_000_000 + n) for n in range(0, pairs, 5)},
        },
    )


def _settle() -> None:
    """Let the database look over its tables, as it does by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(fill(int(sys.argv[1])))))
