"""One looping tick per worker."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from clones.engine import seat
from clones.engine.seat import Holder
from clones.models import WorkerBeat

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
STALE = timedelta(seconds=5, milliseconds=1)  # a third of WORKER_SILENT_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fifteen_seconds(settings: Settings) -> None:
    settings.WORKER_SILENT_SECONDS = 15


def sit(queue: str = "q", token: str = "first", at: datetime = NOW) -> Holder:
    holder = seat.take(queue, token, at)
    assert holder is not None
    return holder


def row(queue: str = "q") -> WorkerBeat:
    return WorkerBeat.objects.get(queue=queue)


def test_a_worker_is_announced_once() -> None:
    first = seat.announce("q", NOW)

    again = seat.announce("q", NOW + STALE)

    assert again == first
    assert (again.started_at, again.beat_at, again.seat_token) == (NOW, NOW, "")


def test_the_first_tick_sits_down_and_beats() -> None:
    seat.announce("q", NOW)

    holder = sit(at=NOW + STALE)

    assert (row().pk, row().seat_token, row().beat_at) == (holder.beat_id, "first", NOW + STALE)


def test_a_second_tick_of_the_worker_finds_the_seat_taken() -> None:
    sit()

    assert seat.take("q", "second", NOW + timedelta(seconds=4)) is None
    assert (row().seat_token, row().beat_at) == ("first", NOW)


def test_the_seats_of_two_workers_are_two() -> None:
    sit("q")

    assert seat.take("another", "second", NOW) is not None


def test_the_seat_of_a_tick_that_fell_silent_is_taken_over() -> None:
    first = sit()

    second = sit(token="second", at=NOW + STALE)

    assert row().seat_token == "second"
    assert not seat.beat(first, NOW + 2 * STALE)
    assert seat.beat(second, NOW + 2 * STALE)


def test_a_beat_keeps_the_seat() -> None:
    holder = sit()

    assert seat.beat(holder, NOW + STALE)

    assert seat.take("q", "second", NOW + STALE) is None
    assert row().beat_at == NOW + STALE


def test_the_beat_of_a_tick_that_lost_its_seat_is_no_sign_of_life() -> None:
    first = sit()
    sit(token="second", at=NOW + STALE)

    seat.beat(first, NOW + 2 * STALE)

    assert row().beat_at == NOW + STALE


def test_a_seat_that_was_left_is_free_at_once() -> None:
    seat.leave(sit())

    assert seat.take("q", "second", NOW) is not None


def test_leaving_does_not_take_the_seat_from_a_successor() -> None:
    first = sit()
    sit(token="second", at=NOW + STALE)

    seat.leave(first)

    assert row().seat_token == "second"


def test_a_stopped_worker_is_dead_at_once_and_its_seat_is_free() -> None:
    seat.beat(sit(), NOW + timedelta(milliseconds=1))

    seat.stopped("q", NOW)

    assert row().seat_token == ""
    assert row() in WorkerBeat.objects.dead(NOW)
    assert row() not in WorkerBeat.objects.alive(NOW)


def test_a_tick_that_sits_down_shows_that_the_worker_lives_again() -> None:
    seat.beat(sit(), NOW + timedelta(milliseconds=1))
    seat.stopped("q", NOW)

    sit(token="second", at=NOW + timedelta(seconds=1))

    assert row() in WorkerBeat.objects.alive(NOW + timedelta(seconds=1))


def test_a_worker_that_never_beat_is_forgotten_when_it_is_stopped() -> None:
    seat.announce("q", NOW)
    assert not WorkerBeat.objects.alive(NOW).exists()

    seat.stopped("q", NOW)

    assert not WorkerBeat.objects.exists()


def test_a_silent_worker_is_dead_after_fifteen_seconds() -> None:
    holder = sit(at=NOW - timedelta(seconds=1))
    seat.beat(holder, NOW)

    alive = WorkerBeat.objects.alive(NOW + timedelta(seconds=14.9))
    dead = WorkerBeat.objects.dead(NOW + timedelta(seconds=15))

    assert (list(alive), list(dead)) == ([row()], [row()])


def test_touching_the_row_is_no_beat() -> None:
    sit()

    seat.touch("q")

    assert row().beat_at == NOW
