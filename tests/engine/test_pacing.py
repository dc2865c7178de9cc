"""When to ask again. Pure functions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.engine import pacing
from clones.engine.durations import learn

UNKNOWN = learn([], [])
FIVE_MINUTES = learn([280.0, 290.0, 295.0, 300.0, 305.0, 310.0, 320.0] * 5, [])
AGES = st.floats(0, 100_000)


@given(AGES)
def test_a_clone_that_runs_alone_is_looked_at_every_second_whatever_is_expected(age: float) -> None:
    assert pacing.poll_seconds(FIVE_MINUTES, age, 1, 600) == 1.0


@given(AGES, st.integers(1, 5000), st.integers(1, 6000))
def test_no_clone_is_looked_at_more_often_than_every_second(age: float, running: int, rate_limit: int) -> None:
    assert pacing.poll_seconds(FIVE_MINUTES, age, running, rate_limit) >= 1.0


@given(AGES, st.integers(1, 5000))
def test_a_tenth_of_the_limit_looks_at_every_clone_in_turn(age: float, running: int) -> None:
    assert pacing.poll_seconds(FIVE_MINUTES, age, running, 600) <= max(1.0, running / 1.0)


def test_looks_are_close_where_the_end_is_likely_and_rare_where_it_is_not() -> None:
    pauses = [pacing.poll_seconds(FIVE_MINUTES, age, 500, 600) for age in (150, 300)]

    assert pauses[0] > 5 * pauses[1]


def test_the_pause_of_a_clone_that_cannot_be_over_ends_where_it_may_be() -> None:
    assert 200 < 200 + pacing.poll_seconds(FIVE_MINUTES, 200, 500, 600) < 290


def test_the_longer_an_unknown_clone_runs_the_rarer_are_the_looks() -> None:
    pauses = [pacing.poll_seconds(UNKNOWN, age, 500, 600) for age in (60, 300, 900, 3600)]

    assert pauses == sorted(pauses)


def test_an_overdue_clone_is_looked_at_more_slowly() -> None:
    assert pacing.poll_seconds(FIVE_MINUTES, 1000, 1, 600, overdue=True) == 15.0


def test_a_clone_whose_template_takes_half_an_hour_is_not_looked_at_slowly_before_that() -> None:
    half_an_hour = learn([1750.0, 1800.0, 1850.0] * 10, [])

    assert pacing.poll_seconds(half_an_hour, 1790, 1, 600, overdue=True) == 1.0


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
