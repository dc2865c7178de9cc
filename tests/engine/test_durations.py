"""How long clones take, learned from some of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clones.engine.durations import EDGES, Durations, bin_of, learn

SECONDS = st.floats(0, 90_000)
MANY_SECONDS = st.lists(SECONDS, max_size=30)
UNKNOWN = learn([], [])


@settings(max_examples=20, deadline=None)
@given(MANY_SECONDS, MANY_SECONDS)
def test_ever_fewer_clones_still_run_and_never_none(ended: list[float], running: list[float]) -> None:
    shares = [learn(ended, running).share_running(age) for age in EDGES]

    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] > 0


@settings(max_examples=30, deadline=None)
@given(MANY_SECONDS, SECONDS, SECONDS)
def test_a_clone_has_been_over_for_no_longer_than_since_it_was_seen_running(
    ended: list[float], age: float, seconds: float
) -> None:
    assert -1e-6 <= learn(ended, []).lost(age, seconds) <= seconds + 1e-6


def test_what_is_lost_is_the_time_since_the_end() -> None:
    half_end_at_once = Durations([1.0] + [0.5] * (len(EDGES) - 1))

    assert half_end_at_once.lost(0, 100) == pytest.approx(0.5 * (100 - EDGES[1] / 2))


@given(SECONDS, st.floats(0.05, 100))
def test_the_moment_at_which_so_much_is_lost_is_found(age: float, lost: float) -> None:
    seconds = UNKNOWN.seconds_until_lost(age, lost, 100_000)

    assert UNKNOWN.lost(age, seconds) >= lost - 1e-6 or seconds == 100_000
    assert UNKNOWN.lost(age, 0.97 * seconds - 0.06) <= lost + 1e-6


def test_nobody_waits_for_longer_than_said() -> None:
    assert UNKNOWN.seconds_until_lost(300, 50, 7) == 7


def test_with_nothing_known_most_clones_take_up_to_a_quarter_of_an_hour() -> None:
    assert UNKNOWN.share_running(60) == pytest.approx(0.7, abs=0.01)
    assert UNKNOWN.share_running(900) == pytest.approx(0.05, abs=0.01)


def test_what_many_clones_took_is_expected_of_the_next() -> None:
    known = learn([300.0 + n / 10 for n in range(-100, 100)], [])

    assert known.share_running(280) > 0.9
    assert known.share_running(320) < 0.1


def test_it_remains_possible_that_the_next_is_quicker_than_all_before() -> None:
    assert learn([300.0] * 200, []).share_running(200) < 0.99


def test_the_first_end_of_many_clones_is_not_what_is_expected_of_the_others() -> None:
    assert learn([100.0], [200.0] * 99).share_running(150) > 0.9
    assert learn([100.0], []).share_running(150) < 0.7


@pytest.mark.parametrize("age", [0.0, 1.9, 2.0, 300.0, 86_000.0, 1e9])
def test_every_age_has_its_bin(age: float) -> None:
    place = bin_of(age)

    assert EDGES[place] <= age
    assert age < EDGES[place + 1] or place == len(EDGES) - 2
