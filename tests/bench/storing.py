"""One clone's mapping, stored once: `python -m tests.bench.storing HOW FILE` with Ecwid's answer in FILE.

HOW is `engine` (read the answer, store the mapping, write COMPLETED) or `driver` (the database's own bulk call, given
the finished rows). Prints the seconds, and the most memory that this process has used, in MB.
"""

import json
import resource
import sys
import time
import uuid
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from clones.choices import JobStatus
from clones.ecwid import cloning, wire
from clones.engine import leasing, seat
from clones.engine.calls import Answer
from clones.engine.settle import settle
from clones.models import CloneJob, Connection

TABLE = "clones_entitymapping"
INTO = f"{TABLE} (job_id, entity_type, source_id, target_id)"


def by_engine(text: bytes) -> float:
    """Lease a running clone and settle that answer; return the seconds."""
    now = timezone.now()
    holder = seat.announce(uuid.uuid4().hex, now)
    (job,) = leasing.lease_due(Connection.objects.get().pk, holder.pk, 1, now)
    request = cloning.status_request(wire.Request("", "https://app.ecwid.com/api/v3", secrets=("bench-secret",)), "t")
    start = time.perf_counter()
    status = wire.read(request, wire.Answer(200, text), lambda body: cloning.read_status(body, request.secrets))
    settle([Answer(job, False, status, now)], now)
    took = time.perf_counter() - start
    if CloneJob.objects.get(pk=job.pk).status != JobStatus.COMPLETED:
        raise RuntimeError("The clone is not completed.")
    return took


def by_driver(text: bytes) -> float:
    """Store the same rows as fast as the database's driver can; return the seconds."""
    job_id = CloneJob.objects.values_list("pk", flat=True).order_by("pk")[0]
    parts = json.loads(text)["clonedEntitiesMapping"]
    rows = [(job_id, name, *pair) for name, pairs in parts.items() for pair in pairs.items()]
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {INTO} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {INTO} VALUES (%s, %s, %s, %s)", rows)
    return time.perf_counter() - start


if __name__ == "__main__":
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), [TABLE]))
    seconds = {"engine": by_engine, "driver": by_driver}[sys.argv[1]](Path(sys.argv[2]).read_bytes())
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))  # noqa: T201
