"""Wrong passwords: how many are looked at, how long further ones wait, and what lifts the wait."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from clones.models import LoginAttempts
from clones.operations import attempts, people
from clones.operations.attempts import Attempt, begin_attempt, browser_mark
from tests.people import admin, staff
from tests.together import BARRIER_SECONDS

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GUESSES_AT_ONCE = 12

pytestmark = pytest.mark.django_db


def fail(times: int, username: str = "sam", browser: str = "", now: datetime = NOW) -> Attempt:
    """Type so many wrong passwords at one instant; return the last."""
    return [begin_attempt(username, browser, now) for _ in range(times)][-1]


def guesses_in(length: timedelta) -> Iterable[datetime]:
    """Yield when a stranger who never tires gets a password looked at."""
    now = NOW
    while now < NOW + length:
        attempt = begin_attempt("sam", "", now)
        assert attempt.allowed
        yield now
        now = attempt.held_until or now


def test_some_typos_cost_nothing() -> None:
    last = fail(4)

    assert last.allowed
    assert last.held_until is None


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    fail(4)
    now, waits = NOW, []
    for _ in range(7):
        attempt = begin_attempt("sam", "", now)
        assert attempt.held_until
        waits.append((attempt.held_until - now) / timedelta(minutes=1))
        now = attempt.held_until

    assert waits == [1, 2, 4, 8, 15, 15, 15]


def test_a_stranger_who_never_tires_gets_about_a_hundred_passwords_a_day() -> None:
    assert len(list(guesses_in(DAY))) <= 105


def test_while_held_nothing_is_counted_so_nobody_prolongs_it() -> None:
    held = fail(5)

    later = fail(100, now=NOW + timedelta(seconds=59))

    assert not later.allowed
    assert later.held_until == held.held_until
    assert held.held_until
    assert begin_attempt("sam", "", held.held_until).allowed


def test_the_right_password_forgets_the_wrong_ones() -> None:
    fail(4).succeed()

    assert fail(4).held_until is None


def test_one_persons_typos_hold_up_nobody_else() -> None:
    staff("sam")
    staff("kim")

    fail(20, "sam")

    assert begin_attempt("kim", "", NOW).allowed


def test_names_that_do_not_exist_are_held_like_others() -> None:
    assert not fail(6, "nobody-of-that-name").allowed


def test_a_known_browser_is_not_held_up_by_guesses_elsewhere_and_has_a_count_of_its_own() -> None:
    mark = browser_mark(staff("sam"))
    fail(20)

    assert begin_attempt("sam", mark, NOW).allowed
    assert not fail(5, browser=mark).allowed


def test_a_mark_of_one_person_does_not_count_for_another() -> None:
    kims = browser_mark(staff("kim"))
    staff("sam")
    fail(20)

    assert not begin_attempt("sam", kims, NOW).allowed


def test_a_new_password_lifts_the_hold() -> None:
    sam, ada = staff("sam"), admin("ada")
    assert not fail(6).allowed

    people.set_password(sam, "another horse altogether", by=ada)

    assert begin_attempt("sam", "", NOW).allowed


def test_what_is_older_than_a_day_is_forgotten_and_deleted() -> None:
    fail(4)
    fail(1, "kim", now=NOW + DAY + timedelta(seconds=1))

    assert LoginAttempts.objects.count() == 1
    assert fail(4, now=NOW + DAY + timedelta(seconds=1)).held_until is None


def test_neither_name_nor_password_is_kept() -> None:
    fail(1, "typed a password here")

    assert "typed" not in str(LoginAttempts.objects.values())


def test_a_hold_is_in_the_log_by_the_accounts_name_and_never_by_what_is_nobodys(
    caplog: pytest.LogCaptureFixture,
) -> None:
    staff("sam")

    fail(6)
    fail(6, "typed a password here")

    assert "A password for sam was not looked at, after 5 wrong ones" in caplog.text
    assert "A password for a name that is nobody's was not looked at" in caplog.text
    assert "typed" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_one_instant_no_more_are_looked_at_than_one_by_one() -> None:
    User.objects.create_user("sam")
    barrier = threading.Barrier(GUESSES_AT_ONCE)

    def guess(_: int) -> bool:
        try:
            connection.ensure_connection()
            barrier.wait(BARRIER_SECONDS)
            return begin_attempt("sam", "", NOW).allowed
        finally:
            connection.close()

    with ThreadPoolExecutor(GUESSES_AT_ONCE) as pool:
        allowed = list(pool.map(guess, range(GUESSES_AT_ONCE)))

    assert allowed.count(True) == attempts.FREE_ATTEMPTS + 1
