"""The rules that the database itself holds, whatever the code does."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from clones.choices import ACTIVE, TERMINAL, CloneScope, JobStatus
from clones.models import CloneJob, Connection, EntityMapping, TemplateStore
from tests.factories import CloneJobFactory, ConnectionFactory, TargetStoreFactory, TemplateStoreFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def refuses(name: str) -> pytest.RaisesExc[IntegrityError]:
    # SQLite names a unique constraint's columns instead of the constraint.
    columns = {
        "job_one_active_per_target": "target_id",
        "job_ticket_once": "ticket",
        "mapping_source_once": "source_id",
        "target_store_once": "store_id",
        "template_store_once": "store_id",
    }
    return pytest.raises(IntegrityError, match=f"{name}|{columns.get(name, name)}")


@pytest.mark.parametrize("status", ACTIVE)
def test_a_target_has_one_active_job(status: JobStatus) -> None:
    job = CloneJobFactory.create(status=status)

    with refuses("job_one_active_per_target"):
        CloneJobFactory.create(target=job.target, batch=job.batch)


@pytest.mark.parametrize("status", TERMINAL)
def test_a_target_may_have_many_ended_jobs(status: JobStatus) -> None:
    job = CloneJobFactory.create(status=status)

    CloneJobFactory.create(target=job.target, batch=job.batch)

    assert CloneJob.objects.filter(target=job.target).count() == 2


def test_a_ticket_belongs_to_one_job_of_a_connection() -> None:
    job = CloneJobFactory.create(status=JobStatus.QUEUED, ticket="t-1")

    with refuses("job_ticket_once"):
        CloneJobFactory.create(batch=job.batch, status=JobStatus.COMPLETED, ticket="t-1")


def test_two_connections_may_see_the_same_ticket() -> None:
    CloneJobFactory.create(status=JobStatus.QUEUED, ticket="t-1")

    CloneJobFactory.create(status=JobStatus.QUEUED, ticket="t-1")

    assert CloneJob.objects.filter(ticket="t-1").count() == 2


@pytest.mark.parametrize("status", TERMINAL)
def test_an_ended_job_has_its_end(status: JobStatus) -> None:
    with refuses("job_finished_at_iff_terminal"):
        CloneJobFactory.create(status=status, finished_at=None)


@pytest.mark.parametrize("status", ACTIVE)
def test_an_active_job_has_no_end(status: JobStatus) -> None:
    with refuses("job_finished_at_iff_terminal"):
        CloneJobFactory.create(status=status, finished_at=NOW)


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.COMPLETED])
def test_what_is_at_ecwid_has_its_ticket(status: JobStatus) -> None:
    with refuses("job_ticket_when_at_ecwid"):
        CloneJobFactory.create(status=status, ticket="")


def test_a_failure_has_its_kind_and_nothing_else_has_one() -> None:
    with refuses("job_failure_kind_iff_failed"), transaction.atomic():
        CloneJobFactory.create(status=JobStatus.FAILED, failure_kind="")
    with refuses("job_failure_kind_iff_failed"), transaction.atomic():
        CloneJobFactory.create(status=JobStatus.WAITING, failure_kind="ECWID")


@pytest.mark.parametrize(("column", "name"), [("status", "job_status_known"), ("scope", "job_scope_known")])
def test_words_that_nobody_knows_are_refused(column: str, name: str) -> None:
    job = CloneJobFactory.create()

    with refuses("job_"):
        CloneJob.objects.filter(pk=job.pk).update(**{column: name})


def test_a_store_is_a_target_once_per_connection() -> None:
    target = TargetStoreFactory.create(store_id="9001")

    with refuses("target_store_once"), transaction.atomic():
        TargetStoreFactory.create(store_id="9001", connection=target.connection)
    TargetStoreFactory.create(store_id="9001")


def test_stores_that_are_still_to_be_created_have_no_id_to_collide() -> None:
    connection = ConnectionFactory.create()

    TargetStoreFactory.create_batch(2, connection=connection, store_id="")

    assert connection.targets.count() == 2


def test_a_store_is_a_template_once_per_connection() -> None:
    template = TemplateStoreFactory.create()

    with refuses("template_store_once"):
        TemplateStoreFactory.create(store_id=template.store_id, connection=template.connection)


def test_a_mapping_has_one_line_for_each_source() -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.create(job=job, entity_type="product", source_id="1", target_id="2")

    EntityMapping.objects.create(job=job, entity_type="category", source_id="1", target_id="2")
    with refuses("mapping_source_once"):
        EntityMapping.objects.create(job=job, entity_type="product", source_id="1", target_id="3")


def test_a_block_says_since_when_and_why() -> None:
    connection = ConnectionFactory.create()

    with refuses("connection_block_is_whole"):
        Connection.objects.filter(pk=connection.pk).update(blocked_until=NOW)


@pytest.mark.parametrize(
    ("scope", "counts", "expected"),
    [
        (CloneScope.STORE_SETTINGS, (None, None), True),
        (CloneScope.STORE_SETTINGS, (40, 6), True),
        (CloneScope.ALL, (0, 0), True),
        (CloneScope.CATALOG, (0, 1), False),
        (CloneScope.ALL, (None, None), False),
        (CloneScope.CATALOG, (40, 6), False),
    ],
)
def test_only_what_leaves_the_catalog_empty_may_be_accepted_twice(
    scope: CloneScope, counts: tuple[int | None, int | None], expected: bool
) -> None:
    job = CloneJobFactory.create(batch__scope=scope)
    job.template.product_count, job.template.category_count = counts

    assert job.may_be_accepted_twice is expected


@pytest.mark.parametrize(
    ("tested", "cloned", "expected"),
    [((0, 0), (None, None), True), ((0, 3), (None, None), False), ((0, 0), (40, 6), False), ((40, 6), (0, 0), True)],
)
def test_a_template_is_known_to_be_empty_by_its_clones_or_before_the_first_one_by_its_test(
    tested: tuple[int, int], cloned: tuple[int | None, int | None], expected: bool
) -> None:
    template = TemplateStore(
        tested_product_count=tested[0], tested_category_count=tested[1],
        product_count=cloned[0], category_count=cloned[1],
    )  # fmt: skip

    assert template.is_known_empty is expected
