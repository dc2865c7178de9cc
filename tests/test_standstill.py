"""What the pages tell above everything else: that no worker runs, or that a connection stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clones.choices import BlockReason, JobStatus
from clones.models import CloneJob
from clones.standstill import all_connections, standstills, token, token_columns, token_of
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    ConnectionFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_an_empty_portal_does_not_complain_of_missing_workers() -> None:
    assert standstills(all_connections(), NOW) == []


def test_nothing_stands_still_where_a_worker_beats_and_every_connection_is_open(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    ConnectionFactory.create()
    WorkerBeatFactory.create(started_at=NOW)

    with django_assert_num_queries(2):  # type: ignore[operator]
        assert standstills(all_connections(), NOW) == []


def test_without_a_worker_what_waits_is_told_apart_from_what_is_under_way() -> None:
    WorkerBeatFactory.create(started_at=NOW - timedelta(hours=1))
    for status in (*[JobStatus.WAITING] * 3, JobStatus.SUBMITTING, JobStatus.IN_PROGRESS, JobStatus.COMPLETED):
        CloneJobFactory.create(status=status)

    (stop,) = standstills(all_connections(), NOW)

    assert (stop.connection, stop.waiting, stop.running) == (None, 3, 2)
    assert stop.beat is not None


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({"paused_at": NOW}, True),
        ({"blocked_until": NOW + timedelta(minutes=1)}, True),
        ({"blocked_until": NOW - timedelta(minutes=1)}, False),
    ],
)
def test_a_connection_that_sends_nothing_is_named_with_its_clones(fields: dict[str, object], stands: bool) -> None:
    WorkerBeatFactory.create(started_at=NOW)
    if "blocked_until" in fields:
        fields |= {"blocked_since": NOW - timedelta(hours=1), "block_reason": BlockReason.CREDENTIALS}
    batch = BatchFactory.create(template=TemplateStoreFactory.create(connection=ConnectionFactory.create(**fields)))
    CloneJobFactory.create(batch=batch)
    CloneJobFactory.create(batch=batch, status=JobStatus.QUEUED)
    CloneJobFactory.create()

    found = standstills(all_connections(), NOW)

    told = [(stop.connection, stop.waiting, stop.running) for stop in found]
    assert told == ([(batch.connection, 1, 1)] if stands else [])


def seen() -> tuple[str, str]:
    """Return the token as a page has it, and as a query beside other rows finds it."""
    row: Any = CloneJob.objects.annotate(**token_columns(NOW)).get()
    return token_of(standstills(all_connections(), NOW)), token(works=row.works, stopped=row.stopped)


def test_a_page_and_its_refresh_tell_by_one_token_what_stands() -> None:
    job = CloneJobFactory.create()
    other = ConnectionFactory.create()
    tokens = [seen()]
    WorkerBeatFactory.create(started_at=NOW)
    tokens.append(seen())
    for connection in (job.connection, other):
        type(connection).objects.filter(pk=connection.pk).update(paused_at=NOW)
        tokens.append(seen())
    stopped = {"paused_at": None, "blocked_since": NOW, "blocked_until": NOW + timedelta(hours=1)}
    type(other).objects.filter(pk=other.pk).update(**stopped, block_reason=BlockReason.CREDENTIALS)
    tokens.append(seen())

    assert [page for page, _ in tokens] == [refresh for _, refresh in tokens]
    assert len(set(tokens)) == len(tokens)
