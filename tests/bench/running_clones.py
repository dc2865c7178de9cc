"""Clones that run for ever: `python -m tests.bench.running_clones PORT COUNT` fills the database of DATABASE_URL.

Their connection leads to PORT on this machine and has no limit to speak of.
"""

import sys
from datetime import timedelta
from typing import Final

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.core.management import call_command
from django.utils import timezone

from clones.choices import CloneScope, JobStatus
from clones.models import Batch, CloneJob, Connection, TargetStore, TemplateStore
from clones.secrets import Secret

NO_LIMIT: Final = 60_000_000  # requests a minute


def fill(port: int, count: int) -> None:
    """Make the tables and so many clones, all due."""
    call_command("migrate", verbosity=0)
    now = timezone.now()
    shop = Connection(name="Bench", api_url=f"http://127.0.0.1:{port}/api/v3", client_id="bench", rate_limit=NO_LIMIT)
    shop.client_secret = Secret.seal("bench-secret")
    shop.is_sandbox = True
    shop.save()
    template = TemplateStore.objects.create(connection=shop, store_id="1001", name="Template")
    batch = Batch.objects.create(connection=shop, template=template, created_at=now, name="Bench")
    targets = TargetStore.objects.bulk_create(
        TargetStore(connection=shop, store_id=str(9_000_000 + number)) for number in range(count)
    )
    CloneJob.objects.bulk_create(
        CloneJob(
            batch=batch,
            connection=shop,
            template=template,
            target=target,
            scope=CloneScope.ALL,
            status=JobStatus.IN_PROGRESS,
            remote_status="IN_PROGRESS",
            ticket=f"ticket-{target.pk}",
            created_at=now,
            trying_since=now,
            accepted_at=now - timedelta(seconds=number % 600),
            next_action_at=now - timedelta(milliseconds=number),
        )
        for number, target in enumerate(targets)
    )


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
