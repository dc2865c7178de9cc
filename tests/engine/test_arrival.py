"""A store that has come into being, beside a launch that names it just then: both take their rows in one order."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from clones.choices import CreationStatus
from clones.models import CloneJob, StoreCreation, TargetStore
from clones.operations.creations import enter_store
from clones.operations.errors import InvalidRequestError
from clones.operations.launch import Order, start_batch
from clones.operations.wanted import Wanted
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    StoreCreationFactory,
    TargetStoreFactory,
    TemplateStoreFactory,
)
from tests.waiting import until
from tests.worker_process import database_url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]

PATIENCE_SECONDS = 60


def waiting_for_a_person() -> CloneJob:
    """Make a clone whose store a person is to name."""
    row = StoreCreationFactory.create(status=CreationStatus.NEEDS_PERSON, next_action_at=None)
    template = TemplateStoreFactory.create(connection=row.connection, store_id="1003")
    job: CloneJob = CloneJobFactory.create(
        batch=BatchFactory.create(template=template), target=row.target, next_action_at=None
    )
    return job


def begin(pool: ThreadPoolExecutor, work: Callable[[], object]) -> Future[str]:
    """Do it in a thread of its own, as patient as need be; it comes to what it was refused with, "" where done."""

    def run() -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 0")
            work()
        except InvalidRequestError as error:
            return str(error)
        finally:
            connection.close()
        return ""

    return pool.submit(run)


def waits_for_locks(count: int) -> bool:
    """Tell whether so many connections to this database wait for somebody's lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        cursor.execute(waiting)
        return bool(cursor.fetchone()[0] == count)


def named_while_it_is_launched(job: CloneJob, held: TargetStore) -> str:
    """Name store 9001 for `job`, then launch into its e-mail and 9001; both wait for `held`, the former first.

    Returns what the launch was refused with.
    """
    order = Order(job.template, targets=[Wanted("9001"), Wanted(email=job.target.email, name="New Shop")])
    with psycopg.connect(database_url()) as other, ThreadPoolExecutor(2) as pool:
        other.execute("SELECT 1 FROM clones_targetstore WHERE id = %s FOR UPDATE", [held.pk])
        named = begin(pool, lambda: enter_store(job, "9001"))
        until(lambda: waits_for_locks(1), "the store to be named")
        launched = begin(pool, lambda: start_batch(order))
        until(lambda: waits_for_locks(2), "the launch")
        other.rollback()
        assert named.result(PATIENCE_SECONDS) == ""
        return launched.result(PATIENCE_SECONDS)


def assert_arrived(job: CloneJob) -> None:
    assert TargetStore.objects.get(store_id="9001") == CloneJob.objects.select_related("target").get().target
    assert StoreCreation.objects.get(target__jobs=job).status == CreationStatus.CREATED
    assert TargetStore.objects.count() == 1


def test_a_launch_into_both_rows_of_a_store_waits_for_its_arrival() -> None:
    job = waiting_for_a_person()
    known = TargetStoreFactory.create(connection=job.connection, store_id="9001")

    refused = named_while_it_is_launched(job, known)

    assert "changed while you were launching" in refused
    assert_arrived(job)


def test_a_launch_into_a_new_row_of_a_store_waits_for_its_arrival() -> None:
    job = waiting_for_a_person()

    refused = named_while_it_is_launched(job, job.target)

    assert "changed while you were launching" in refused
    assert_arrived(job)
