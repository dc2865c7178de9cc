"""When to ask again. Pure functions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.engine import pacing


@pytest.mark.parametrize(("running", "rate_limit"), [(0, 600), (1, 600), (5, 600), (54, 6000)])
def test_on_a_quiet_system_polls_are_a_second_apart(running: int, rate_limit: int) -> None:
    assert pacing.poll_seconds(running, rate_limit) == 1.0


@given(st.integers(0, 5000), st.integers(1, 6000))
def test_all_polls_together_leave_room_for_starting_clones(running: int, rate_limit: int) -> None:
    polls_a_minute = 60 * running / pacing.poll_seconds(running, rate_limit)

    # At small limits a single clone may be polled less often than once a second, never more often than its share.
    assert polls_a_minute <= 0.7 * 0.9 * rate_limit + 1e-6


@given(st.integers(0, 5000), st.integers(1, 6000))
def test_more_clones_are_never_polled_more_often(running: int, rate_limit: int) -> None:
    assert pacing.poll_seconds(running + 1, rate_limit) >= pacing.poll_seconds(running, rate_limit)


def test_an_overdue_clone_is_looked_at_more_slowly() -> None:
    assert pacing.poll_seconds(1, 600, overdue=True) == 15.0
    assert pacing.poll_seconds(1000, 600, overdue=True) == pacing.poll_seconds(1000, 600) > 15.0


def test_pauses_double_up_to_the_longest() -> None:
    assert [pacing.doubling(2, tries, 60) for tries in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("tries", [-1, 0])
def test_no_try_yet_counts_as_the_first(tries: int) -> None:
    assert pacing.doubling(2, tries, 60) == 2


def test_thousands_of_tries_still_have_a_pause() -> None:
    assert pacing.doubling(2, 100_000, 60) == 60


def test_the_design_promises_hold() -> None:
    assert pacing.FIRST_LOOK.total_seconds() <= 3
    assert 1 <= pacing.REPEAT_FIRST_SECONDS <= 2
    assert pacing.OVERDUE_AFTER.total_seconds() == 15 * 60
    assert pacing.GIVE_UP_AFTER.total_seconds() == 24 * 3600


def test_a_lost_answer_is_asked_for_often_within_the_minute_in_which_that_is_safe() -> None:
    pauses = [
        pacing.doubling(pacing.REPEAT_FIRST_SECONDS, tries, pacing.REPEAT_LONGEST_SECONDS) for tries in range(1, 6)
    ]

    assert sum(1 for moment in itertools.accumulate(pauses) if moment < 60) >= 4
