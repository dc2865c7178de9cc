"""Drafts, and what becomes of them. A program on the database of DATABASE_URL, which prints JSON:

`python -m tests.bench.drafting fill LAUNCHES` makes the tables and a `Drafts`, `… examine DRAFT` looks at all rows,
`… insert BATCH` puts the rows of a batch back in bulk (both print seconds), `… walk BATCH…` lets
batches go on until most of their clones are completed.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final

import django

if __name__ == "__main__":
    django.setup()  # before the models

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clones.choices import CloneScope, CreationStatus, FailureKind, JobStatus, SiteStatus
from clones.imports import Row
from clones.models import CloneEvent, CloneJob, Connection, Draft, SiteClone, StoreCreation, TargetStore, TemplateStore
from clones.operations.drafts.making import new_draft
from clones.operations.drafts.rows import add_rows, row_of
from clones.operations.wanted import examine
from clones.permissions import Role
from clones.secrets import Secret
from tests.people import person

FEW: Final = 50
SOME: Final = 500
MANY: Final = 5_000
TO_CREATE_EVERY: Final = 20  # a store that is to be created, with its Instant Site
FAILS_EVERY: Final = 25
WAITS_EVERY: Final = 33
CODES: Final = ("TARGET_PRODUCTS_NOT_EMPTY", "TARGET_NOT_ALLOWED_TO_CLONE", "TARGET_PRODUCTS_LIMIT")


@dataclass(frozen=True)
class Drafts:
    """Who signs in, a draft of FEW rows, one of SOME, and several of MANY."""

    username: str
    few: int
    some: int
    many: list[int]


def fill(launches: int) -> Drafts:
    """Make the tables, a connection, a template, and the drafts."""
    call_command("migrate", verbosity=0)
    user = person("bench", Role.ADMIN)
    shop = Connection(name="Bench", api_url="https://app.ecwid.com/api/v3", client_id="bench")
    shop.site_url = "https://vuega.ecwid.com/api/v1"
    shop.client_secret = Secret.seal("bench")
    shop.save()
    template = TemplateStore.objects.create(connection=shop, store_id="1001", name="Template")
    numbers = count(10_000_001)
    few, some = (_draft(user, template, size, numbers) for size in (FEW, SOME))
    return Drafts(user.username, few, some, [_draft(user, template, MANY, numbers) for _ in range(launches)])


def _draft(user: User, template: TemplateStore, size: int, numbers: Iterator[int]) -> int:
    draft = new_draft(user, template)
    add_rows(draft, user, [_row(next(numbers)) for _ in range(size)])
    return draft.pk


def _row(number: int) -> Row:
    label = f"Shop {number}"
    if number % TO_CREATE_EVERY:
        return row_of(store_id=str(number), label=label, access_token="secret" if number % 2 else "")
    return row_of(email=f"owner-{number}@example.com", name=label, instant_site="publish")


def look(draft_id: int) -> float:
    """Examine all rows of a draft; return the seconds."""
    draft = Draft.objects.select_related("template__connection").get(pk=draft_id)
    start = time.perf_counter()
    found = examine(list(draft.targets.all()), draft.template, CloneScope.ALL, clone_demo_catalog=False)
    took = time.perf_counter() - start
    if not all(one.wanted for one in found):
        raise RuntimeError("Some rows have mistakes.")
    return took


def insert(batch_id: int) -> float:
    """Take out all rows that the launch of a batch wrote, and put the finished objects back; return these seconds."""
    parts: list[QuerySet[Any]] = [
        TargetStore.objects.filter(jobs__batch=batch_id),
        CloneJob.objects.filter(batch=batch_id),
        CloneEvent.objects.filter(job__batch=batch_id),
        StoreCreation.objects.filter(target__jobs__batch=batch_id),
        SiteClone.objects.filter(job__batch=batch_id),
    ]
    written = [(part.model, list(part)) for part in parts]
    with transaction.atomic():
        for model, rows in reversed(written):
            QuerySet(model).filter(pk__in=[row.pk for row in rows])._raw_delete(connection.alias)
        start = time.perf_counter()
        for model, rows in written:
            QuerySet(model).bulk_create(rows)
    return time.perf_counter() - start


def walk(batch_ids: list[int]) -> None:
    """Bring most clones of these batches to their end, some of them to a bad one."""
    now = timezone.now()
    for job in CloneJob.objects.filter(batch__in=batch_ids).order_by("pk").iterator():
        rows = CloneJob.objects.filter(pk=job.pk)
        if job.pk % WAITS_EVERY == 0:
            continue
        if job.pk % FAILS_EVERY == 0:
            code = CODES[job.pk // FAILS_EVERY % len(CODES)]
            end: dict[str, object] = {
                "status": JobStatus.FAILED,
                "failure_kind": FailureKind.TARGET,
                "error_code": code,
            }
        else:
            end = {"status": JobStatus.COMPLETED, "ticket": f"ticket-{job.pk}", "accepted_at": now}
        rows.update(**end, finished_at=now, next_action_at=None, version=3)
    ended = CloneJob.objects.filter(batch__in=batch_ids).exclude(finished_at=None)
    StoreCreation.objects.filter(target__jobs__in=ended).update(status=CreationStatus.CREATED, finished_at=now)
    SiteClone.objects.filter(job__in=ended).update(status=SiteStatus.DONE, finished_at=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    what, numbers = sys.argv[1], [int(argument) for argument in sys.argv[2:]]
    told: Any = None
    if what == "fill":
        told = asdict(fill(*numbers))
    elif what == "walk":
        walk(numbers)
    else:
        told = {"examine": look, "insert": insert}[what](*numbers)
    print(json.dumps(told))  # noqa: T201
