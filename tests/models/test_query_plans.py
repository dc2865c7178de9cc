"""Questions that are asked all the time are answered from an index, on both kinds of database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clones.choices import CHECK_MOVES, CloneScope, JobStatus
from clones.engine.history import ended_lately, running_at_ecwid
from clones.engine.holds import jobs_that_can_be_held, jobs_that_move
from clones.engine.leasing import connections_with_work, with_next_due
from clones.metrics import exposition
from clones.models import Batch, CloneJob, DraftTarget, TargetStore, TemplateStore, needing_person
from clones.tables.stores import TargetTable, with_history

AskedFor = Callable[[], QuerySet[Any, Any]]


def counted(**of: int) -> QuerySet[CloneJob, Any]:
    """Return the question that the tabs of a list ask."""
    return CloneJob.objects.filter(**of).order_by().values_list("status").annotate(count=Count("*"))


QUESTIONS: dict[str, tuple[str, AskedFor]] = {
    "what is due": ("job_due_next", lambda: CloneJob.objects.due(timezone.now()).filter(connection=1)),
    "when a connection's next job is due": ("job_due_next", lambda: with_next_due(timezone.now())),
    "what runs at Ecwid": ("job_finished", running_at_ecwid),
    "how long a template took lately": ("job_by_template", lambda: ended_lately((1, CloneScope.ALL), timezone.now())),
    "what is active": ("job_finished", lambda: CloneJob.objects.active().order_by()),
    "how many of each status": ("job_by_status", counted),
    "how many of each status, of a template": ("job_by_template", lambda: counted(template=1)),
    "how many of each status, of a batch": ("job_by_batch", lambda: counted(batch=1)),
    "how many of each status, of a person": ("job_by_person", lambda: counted(created_by=1)),
    "why clones of a batch failed": (
        "job_by_batch",
        lambda: CloneJob.objects.filter(batch=1, status=JobStatus.FAILED).order_by(),
    ),
    "what was made from the templates": ("job_by_template", lambda: with_history(TemplateStore.objects.order_by())),
    "the latest completed ones of a template": (
        "job_by_template",
        lambda: CloneJob.objects.filter(template=1, status=JobStatus.COMPLETED).order_by("-finished_at")[:500],
    ),
    "which batches are open": ("batch_open", lambda: Batch.objects.filter(ended_at=None)),
    "which batches are being thrown away": (
        "batch_thrown_away",
        lambda: Batch.objects.filter(thrown_away_since__isnull=False).order_by("thrown_away_since", "-pk"),
    ),
    "whose clones ended lately": (
        "job_finished",
        lambda: CloneJob.objects.filter(finished_at__gte=timezone.now()).order_by(),
    ),
    "what moves of a batch": ("job_by_batch", lambda: jobs_that_move(Batch(pk=1))),
    "what can be held of a batch": ("job_by_batch", lambda: jobs_that_can_be_held(Batch(pk=1))),
    "which targets are to be checked": (
        "check_due",
        lambda: DraftTarget.objects.filter(
            check_status__in=CHECK_MOVES, lease_token="", next_action_at__lte=timezone.now()
        ).order_by("next_action_at", "pk"),
    ),
    "whose lease on a target is void": (
        "check_leased",
        lambda: DraftTarget.objects.exclude(lease_token="").filter(leased_until__lte=timezone.now()),
    ),
    "targets by number": ("target_by_number", lambda: by_number(TargetStore.objects.all())[:50]),
}


def by_number(targets: QuerySet[TargetStore]) -> QuerySet[TargetStore]:
    """Sort as the list of targets does."""
    return TargetTable(targets).order_store(targets, is_descending=False)[0]


AS_WITH_MANY_ROWS = """
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    TRUNCATE clones_clonejob, clones_drafttarget, clones_targetstore, clones_templatestore, clones_connection CASCADE;
    DELETE FROM pg_statistic WHERE starelid::regclass::text LIKE 'clones_%'
"""


def as_with_many_rows() -> None:
    """Have PostgreSQL choose as it does once there are many rows, whatever it counted when another test had some."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(AS_WITH_MANY_ROWS)


@pytest.mark.django_db
@pytest.mark.parametrize(("index", "ask"), QUESTIONS.values(), ids=QUESTIONS)
def test_an_index_answers(index: str, ask: AskedFor) -> None:
    as_with_many_rows()

    assert index in ask().explain()


@pytest.mark.django_db
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL takes job_leased, though not for a table that is empty"
)
def test_void_leases_are_looked_for_among_active_jobs() -> None:
    assert "job_finished" in CloneJob.objects.void(timezone.now()).explain()


@pytest.mark.django_db
def test_connections_with_work_are_found_without_reading_all_that_is_due() -> None:
    with CaptureQueriesContext(connection) as captured:
        connections_with_work(timezone.now())
    as_with_many_rows()
    one_step = {"sqlite": "CORRELATED SCALAR SUBQUERY", "postgresql": "Limit"}[connection.vendor]

    plan = explained(captured[0]["sql"])

    assert "job_due_next" in plan
    assert one_step in plan


@pytest.mark.django_db
def test_who_needs_a_person_is_found_without_reading_all_clones() -> None:
    as_with_many_rows()
    by_id = {"sqlite": "SEARCH clones_clonejob USING INTEGER PRIMARY KEY", "postgresql": "Index Cond: (id = "}

    assert by_id[connection.vendor] in needing_person(CloneJob.objects.order_by("pk")).explain()


@pytest.mark.django_db
def test_indexes_answer_the_monitor() -> None:
    with CaptureQueriesContext(connection) as captured:
        exposition(timezone.now())
    as_with_many_rows()
    asked = [query["sql"] for query in captured if '"clones_clonejob"' in query["sql"]]

    plans = [explained(sql) for sql in asked]

    indexes = ("job_by_status", "job_finished", "job_finished", "creation_due", "site_due")
    for index, plan in zip(indexes, plans, strict=True):
        assert index in plan


def explained(sql: str) -> str:
    """Return the plan of a query as it was captured, with its values in it."""
    with connection.cursor() as cursor:
        cursor.execute(f"{connection.ops.explain_query_prefix()} {sql}")
        return str(cursor.fetchall())
