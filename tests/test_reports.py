from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clones import charts, reports
from clones.choices import JobStatus
from clones.models import CloneJob
from tests.factories import (
    BatchFactory,
    CloneJobFactory,
    TemplateStoreFactory,
    WorkerBeatFactory,
)
from tests.people import staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DONE, FAILED = JobStatus.COMPLETED, JobStatus.FAILED


def ended(status: JobStatus, at: datetime) -> CloneJob:
    return CloneJobFactory.create(status=status, finished_at=at)


def test_each_of_the_last_days_has_its_ends_also_where_there_were_none() -> None:
    ended(DONE, NOW)
    ended(DONE, NOW - timedelta(hours=1))
    ended(FAILED, NOW - timedelta(days=2))

    days = reports.last_days(NOW, UTC, days=3)

    assert [(day.date, day.counts) for day in days] == [
        (date(2026, 3, 8), {FAILED: 1}),
        (date(2026, 3, 9), {}),
        (date(2026, 3, 10), {DONE: 2}),
    ]


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", 9), ("UTC", 10), ("Asia/Tokyo", 10)])
def test_a_day_is_one_of_the_persons_calendar(zone: str, day: int) -> None:
    ended(DONE, datetime(2026, 3, 10, 1, 0, tzinfo=UTC))

    days = reports.last_days(NOW, ZoneInfo(zone))

    assert [each.date.day for each in days if each.total] == [day]


def test_what_ended_before_the_first_day_is_left_out() -> None:
    ended(DONE, NOW - timedelta(days=14))
    first = ended(DONE, NOW - timedelta(days=13))

    days = reports.last_days(NOW, UTC)

    assert [day.date for day in days if day.total] == [first.finished_at.date()] if first.finished_at else False
    assert len(days) == 14


def test_a_bar_is_as_high_as_its_share_of_the_busiest_day() -> None:
    days = [reports.Day(date(2026, 3, 9), {DONE: 1, FAILED: 1}), reports.Day(date(2026, 3, 10), {DONE: 4})]

    small, large = charts.bars(days)

    heights = [segment.height for segment in small.segments]
    assert heights[0] == heights[1]
    assert sum(heights) == pytest.approx(large.segments[0].height / 2)
    assert small.segments[1].y == pytest.approx(small.top)
    assert small.segments[0].y + small.segments[0].height == charts.HEIGHT


def test_days_without_any_end_have_no_bars() -> None:
    assert [bar.segments for bar in charts.bars([reports.Day(date(2026, 3, 9))])] == [()]


def test_a_batch_runs_while_one_of_its_clones_does() -> None:
    batch = BatchFactory.create()
    for status in (JobStatus.WAITING, DONE, FAILED):
        CloneJobFactory.create(batch=batch, status=status)
    CloneJobFactory.create(status=DONE)

    _, ((found, progress),) = reports.open_batches()

    assert (found, progress.total, progress.ended, progress.failed) == (batch, 3, 2, 1)


def test_a_failed_clone_wants_attention_until_it_is_retried_or_old() -> None:
    mine = ended(FAILED, NOW)
    retried = ended(FAILED, NOW)
    CloneJobFactory.create(retry_of=retried)
    ended(FAILED, NOW - timedelta(days=15))
    ended(DONE, NOW)

    assert list(reports.lately_failed(NOW)) == [mine]


def test_what_is_late_or_unanswered_is_held_up() -> None:
    late = CloneJobFactory.create(status=JobStatus.IN_PROGRESS, overdue_since=NOW)
    lost = CloneJobFactory.create(unanswered_since=NOW)
    CloneJobFactory.create(status=JobStatus.SUBMITTING, unanswered_since=NOW)  # its answer may still come
    CloneJobFactory.create(status=DONE, overdue_since=NOW)

    assert set(reports.held_up()) == {late, lost}


def test_the_first_steps_tick_themselves_and_go_with_the_first_completed_clone() -> None:
    def done() -> list[bool]:
        return [step.is_done for step in reports.first_steps(NOW)]

    assert done() == [False] * 5
    template = TemplateStoreFactory.create()
    assert done() == [True, True, False, False, False]
    WorkerBeatFactory.create(started_at=NOW)
    job = CloneJobFactory.create(batch=BatchFactory.create(template=template))
    assert done() == [True, True, True, True, False]
    CloneJobFactory.create(status=DONE, batch=job.batch)
    assert done() == []


def test_the_fingerprint_changes_with_what_the_dashboard_shows_and_with_nothing_else() -> None:
    job = CloneJobFactory.create()
    seen = [reports.Glance.at(NOW).token]

    def is_new() -> bool:
        seen.append(reports.Glance.at(NOW).token)
        return seen[-1] not in seen[:-1]

    assert not is_new()
    staff()
    assert not is_new()
    CloneJob.objects.filter(pk=job.pk).update(version=9)
    assert is_new()
    CloneJobFactory.create(batch=job.batch)
    assert is_new()
    WorkerBeatFactory.create(started_at=NOW)
    assert is_new()
    type(job.connection).objects.update(paused_at=NOW)
    assert is_new()
