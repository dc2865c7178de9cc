"""How pages write times: an age that grows, a date, or a clock time to write "since" before."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine
from django.utils import timezone

from clones.templatetags.portal import EMPTY, clock, draw_clock, when

NOW = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


def test_within_a_day_it_is_an_age_that_the_page_can_let_grow() -> None:
    with time_machine.travel(NOW, tick=False):
        drawn = when(NOW - timedelta(minutes=5))

    assert 'data-ago="300"' in drawn
    assert ">5\xa0minutes ago</time>" in drawn


def test_what_is_to_come_has_an_age_below_nothing() -> None:
    with time_machine.travel(NOW, tick=False):
        drawn = when(NOW + timedelta(hours=2, seconds=30))

    assert 'data-ago="-7230"' in drawn
    assert ">2\xa0hours from now</time>" in drawn


def test_what_is_older_is_a_date_which_grows_no_older() -> None:
    at = datetime(2026, 1, 2, 23, 30, 15, tzinfo=UTC)

    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert ">3 Jan 2026, 08:30</time>" in when(at)
        assert ">3 Jan 2026, 08:30:15</time>" in when(at, absolute=True)
        assert 'title="3 Jan 2026, 08:30:15 JST"' in when(at)
    assert "data-ago" not in when(at)
    assert "data-ago" not in when(timezone.now(), absolute=True)


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert when(None) == EMPTY


def test_a_clock_tells_the_date_of_another_day_only() -> None:
    now = datetime(2026, 1, 2, 23, 30, tzinfo=UTC)

    assert clock(now - timedelta(hours=1), now) == "22:30:00"
    assert clock(now - timedelta(days=1), now) == "1 Jan, 23:30"
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert clock(now - timedelta(hours=9), now) == "2 Jan, 23:30"


def test_a_clock_tells_the_whole_on_hover_and_does_not_grow() -> None:
    drawn = draw_clock(datetime(2026, 1, 2, 23, 30, 15, tzinfo=UTC))

    assert 'title="2 Jan 2026, 23:30:15 UTC"' in drawn
    assert "data-ago" not in drawn
