"""When things happen, as seen from any day of the week."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from clones.choices import CloneScope
from clones.demo.plan import PLAN, Launch, Retry, When, plan
from clones.demo.shops import TARGETS
from tests.demo.demo_process import ROOT

WEEK = [datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(days=day) for day in range(7)]  # from a Monday on


@pytest.mark.parametrize(
    ("today", "days", "meant"),
    [(WEEK[0], 1, date(2026, 11, 20)), (WEEK[2], 1, date(2026, 11, 24)), (WEEK[6], 6, date(2026, 11, 20))],
)
def test_working_days_are_counted_back_over_weekends(today: datetime, days: int, meant: date) -> None:
    assert When(days, time(9, 30)).moment(today) == datetime.combine(meant, time(9, 30), UTC)


def test_saturdays_are_counted_back_without_today() -> None:
    saturday = WEEK[5]

    assert When(1, time(11), on_saturdays=True).moment(saturday) == saturday.replace(hour=11) - timedelta(days=7)


@pytest.mark.parametrize("now", WEEK)
def test_retries_come_after_what_they_retry_on_whatever_day_it_is(now: datetime) -> None:
    launched = {step.name: step.when.moment(now) for step in PLAN if isinstance(step, Launch)}
    retries = [step for step in PLAN if isinstance(step, Retry)]

    assert all(launched[retry.of] < retry.when.moment(now) < now for retry in retries)
    assert max(launched.values()) < now


@pytest.mark.parametrize("small", [True, False])
def test_every_step_is_about_stores_and_batches_that_there_are(small: bool) -> None:
    launches = [step for step in plan(small=small) if isinstance(step, Launch)]
    retried = {step.of for step in plan(small=small) if isinstance(step, Retry)}

    assert {str(number) for launch in launches for number in launch.targets} <= TARGETS.keys()
    assert retried <= {launch.name for launch in launches}
    assert all(set(launch.trouble) | set(launch.canceled) <= set(launch.targets) for launch in launches)


@pytest.mark.parametrize("file", ["README.md", "docs/admin/training.md"])
def test_the_stores_that_documents_have_people_clone_into_are_left_free(file: str) -> None:
    named = set(re.findall(r"\b90\d\d\b(?!\u2013)", (ROOT / file).read_text(encoding="utf-8"))) & TARGETS.keys()
    used = {str(number) for step in PLAN if isinstance(step, Launch) for number in step.targets}

    assert len(named) >= 3
    assert named & used == set()


def test_no_two_shops_share_a_name() -> None:
    assert len(set(TARGETS.values())) == len(TARGETS) == 50


@pytest.mark.parametrize("now", WEEK)
def test_no_store_gets_settings_once_it_is_full_whatever_day_it_is(now: datetime) -> None:
    """The sandbox refuses it; only two catalogs go into full stores, on purpose."""
    full: set[int] = set()
    refused = []
    for step in sorted(PLAN, key=lambda step: step.when.moment(now)):
        if isinstance(step, Launch):
            refused += [(step.scope, number) for number in step.targets if number in full]
            full |= set(step.targets) - set(step.canceled) if step.scope.copies_catalog else set()

    assert refused == [(CloneScope.ALL, 9001), (CloneScope.ALL, 9004)]
