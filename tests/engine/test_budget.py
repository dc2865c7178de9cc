"""The request budget and the breaker: never more than Ecwid allows, and nothing at all while it says no."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clones.choices import BlockReason
from clones.engine import budget, leasing
from clones.models import Connection
from tests.factories import BatchFactory, CloneJobFactory, ConnectionFactory

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = st.sampled_from([1, 2, 9, 10, 59, 60, 61, 600, 6000])


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def reread(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def block_of(connection: Connection) -> tuple[str, datetime | None, datetime | None, str]:
    row = reread(connection)
    return row.block_reason, row.blocked_since, row.blocked_until, row.block_message


OPEN = ("", None, None, "")


class Bucket:
    """The bucket of a row that was never used, without the row: the budget's rule is `bucket_level` alone."""

    def __init__(self, rate_limit: int) -> None:
        self.rate_limit = rate_limit
        self.level, self.at = 0.0, None  # type: float, datetime | None
        self.spent_at: list[datetime] = []

    def spend_all(self, clock: datetime, real: datetime | None = None) -> int:
        """Send as much as the budget gives at `clock`, while it is really `real`."""
        level = budget.bucket_level(self.level, self.at, clock, self.rate_limit)
        return self._spend(max(0, int(level)), clock, real)

    def test_once(self, clock: datetime) -> int:
        """Send one request that a person asks for, where that is possible."""
        row = Connection(bucket_level=self.level, bucket_at=self.at, rate_limit=self.rate_limit)
        return self._spend(int(budget.seconds_until_test(row, clock) == 0), clock)

    def _spend(self, count: int, clock: datetime, real: datetime | None = None) -> int:
        level = budget.bucket_level(self.level, self.at, clock, self.rate_limit)
        self.level, self.at = level - count, clock
        self.spent_at += [real or clock] * count
        return count

    def most_in_a_minute(self) -> int:
        first = most = 0
        for last, at in enumerate(self.spent_at):
            while at - self.spent_at[first] > MINUTE:
                first += 1
            most = max(most, last - first + 1)
        return most


def test_a_bucket_that_was_never_used_holds_a_second_of_requests() -> None:
    assert budget.bucket_level(0, None, NOW, 600) == 10


def test_a_small_limit_still_lets_one_request_through() -> None:
    assert budget.bucket_level(0, None, NOW, 3) == 1


@pytest.mark.parametrize(("seconds", "level"), [(0, 2.0), (0.6, 6.7), (1, 9.833), (1.1, 10.0), (3600, 10.0)])
def test_it_fills_evenly_and_never_above_a_second_of_the_limit(seconds: float, level: float) -> None:
    assert budget.bucket_level(2, NOW, after(seconds), 600) == pytest.approx(level, abs=0.001)


def test_a_clock_that_goes_back_neither_fills_nor_empties_it() -> None:
    assert budget.bucket_level(2, NOW, after(-30), 600) == 2


@settings(deadline=None)
@given(LIMITS, st.lists(st.floats(0.01, 30), min_size=1, max_size=150))
def test_greedy_spending_leaves_a_fifth_of_the_limit_in_any_minute(rate_limit: int, pauses: list[float]) -> None:
    bucket, clock = Bucket(rate_limit), NOW

    for pause in [0, *pauses]:
        clock += timedelta(seconds=pause)
        bucket.spend_all(clock)

    assert bucket.most_in_a_minute() <= math.ceil(budget.ENGINE_SHARE * rate_limit)


@pytest.mark.parametrize("rate_limit", [10, 60, 600])
def test_asked_ten_times_a_second_it_yields_most_of_its_share_and_no_more(rate_limit: int) -> None:
    bucket = Bucket(rate_limit)

    for tenth in range(3000):
        bucket.spend_all(after(tenth / 10))

    assert 0.75 * rate_limit <= bucket.most_in_a_minute() <= budget.ENGINE_SHARE * rate_limit


def test_the_engine_at_full_speed_leaves_a_person_a_fifth_of_the_limit_and_both_stay_below_it() -> None:
    bucket = Bucket(600)
    for tenth in range(600):
        bucket.spend_all(after(tenth / 10))

    tests = sum(bucket.test_once(after(60)) for _ in range(500))
    for tenth in range(600, 1500):
        bucket.spend_all(after(tenth / 10))
        bucket.test_once(after(tenth / 10))

    assert tests == 120
    assert bucket.most_in_a_minute() <= 600


@settings(deadline=None)
@given(LIMITS, st.lists(st.tuples(st.floats(0.01, 30), st.integers(0, 200)), min_size=1, max_size=50))
def test_the_engine_and_people_together_never_pass_the_limit(rate_limit: int, rounds: list[tuple[float, int]]) -> None:
    bucket, clock = Bucket(rate_limit), NOW

    for pause, tests in rounds:
        clock += timedelta(seconds=pause)
        bucket.spend_all(clock)
        for _ in range(tests):
            bucket.test_once(clock)

    assert bucket.most_in_a_minute() <= rate_limit


@pytest.mark.django_db
def test_two_workers_whose_clocks_differ_share_one_budget() -> None:
    connection, sent = ConnectionFactory.create(rate_limit=600), 0

    for tenth in range(600):
        clock = after(tenth / 10 + (2 if tenth % 2 else 0))
        slots = budget.open_slots(connection, clock)
        budget.spend(connection, slots, clock)
        sent += slots

    assert sent <= 600


@pytest.mark.django_db
def test_what_was_spent_is_remembered_in_the_row() -> None:
    connection = ConnectionFactory.create(rate_limit=600)

    budget.spend(connection, 7, NOW)

    assert budget.open_slots(reread(connection), NOW) == 3
    assert budget.open_slots(reread(connection), after(0.5)) == 6


@pytest.mark.django_db
@pytest.mark.parametrize("reason", BlockReason.values)
def test_nothing_may_leave_while_blocked(reason: str) -> None:
    connection = ConnectionFactory.create(block_reason=reason, blocked_since=NOW, blocked_until=after(30))

    assert budget.open_slots(connection, NOW) == 0
    assert budget.open_slots(connection, after(29.9)) == 0
    assert budget.open_slots(connection, after(30)) > 0


@pytest.mark.django_db
def test_nothing_may_leave_while_an_admin_has_paused_it() -> None:
    assert budget.open_slots(ConnectionFactory.create(paused_at=NOW), after(3600)) == 0


@pytest.mark.django_db
def test_the_first_request_after_a_rate_limit_ends_the_block() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(30), NOW)

    budget.spend(reread(connection), 1, after(31))

    assert block_of(connection) == OPEN


@pytest.mark.django_db
def test_a_refused_key_is_tried_with_one_request_an_hour() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, after(3600), NOW, "Wrong key.")
    sent = []

    for minute in range(1, 4 * 60):
        row, clock = reread(connection), NOW + minute * MINUTE
        slots = budget.open_slots(row, clock)
        if slots:
            budget.spend(row, slots, clock)
            sent.append((minute, slots))

    assert sent == [(60, 1), (120, 1), (180, 1)]
    assert block_of(connection)[:2] == (BlockReason.CREDENTIALS, NOW)


@pytest.mark.django_db
def test_a_block_says_since_when_until_when_and_why() -> None:
    connection = ConnectionFactory.create()

    budget.stop_traffic(connection, BlockReason.CREDENTIALS, after(3600), NOW, "Wrong key.")

    assert block_of(connection) == (BlockReason.CREDENTIALS, NOW, after(3600), "Wrong key.")


@pytest.mark.django_db
def test_a_longer_block_that_stands_is_kept() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, after(3600), NOW, "Wrong key.")

    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(60), after(1))

    assert block_of(connection) == (BlockReason.CREDENTIALS, NOW, after(3600), "Wrong key.")


@pytest.mark.django_db
def test_a_shorter_block_gives_way_and_the_traffic_has_stood_since_the_first() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(60), NOW)

    budget.stop_traffic(connection, BlockReason.CREDENTIALS, after(3600), after(1), "Wrong key.")

    assert block_of(connection) == (BlockReason.CREDENTIALS, NOW, after(3600), "Wrong key.")


@pytest.mark.django_db
@pytest.mark.parametrize("first", [BlockReason.RATE_LIMITED, BlockReason.CREDENTIALS])
def test_nobody_tests_a_refused_key_before_the_end_of_a_rate_limit(first: BlockReason) -> None:
    connection = ConnectionFactory.create()
    ends = {BlockReason.RATE_LIMITED: after(60), BlockReason.CREDENTIALS: after(3600)}
    for reason in sorted(ends, key=lambda reason: reason != first):
        budget.stop_traffic(connection, reason, ends[reason], NOW)

    row = reread(connection)

    assert row.block_reason == BlockReason.CREDENTIALS
    assert budget.seconds_until_test(row, NOW) == pytest.approx(60)
    assert budget.seconds_until_test(row, after(60.001)) == 0


@pytest.mark.django_db
def test_a_block_that_is_over_does_not_hold_up_a_shorter_new_one() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(60), NOW)

    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(75), after(70))

    assert block_of(connection)[2] == after(75)


@pytest.mark.django_db
@pytest.mark.parametrize(("asked_at", "closes"), [(-1, False), (0, False), (1, True)])
def test_only_a_request_that_left_after_the_refusal_shows_a_good_key(asked_at: float, *, closes: bool) -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, after(3600), NOW, "Wrong key.")

    budget.resume_traffic(connection.pk, after(asked_at))

    assert (block_of(connection) == OPEN) is closes


@pytest.mark.django_db
def test_a_good_key_ends_a_block_that_a_clock_far_ahead_wrote() -> None:
    connection = ConnectionFactory.create()
    tomorrow = NOW + timedelta(days=1)
    budget.stop_traffic(connection, BlockReason.CREDENTIALS, tomorrow + budget.PROBE_EVERY, tomorrow, "Wrong key.")

    budget.resume_traffic(connection.pk, after(5))

    assert block_of(connection) == OPEN


@pytest.mark.django_db
def test_a_good_key_does_not_end_a_rate_limit() -> None:
    connection = ConnectionFactory.create()
    budget.stop_traffic(connection, BlockReason.RATE_LIMITED, after(60), NOW)

    budget.resume_traffic(connection.pk, after(5))

    assert block_of(connection)[0] == BlockReason.RATE_LIMITED


def test_a_time_far_ahead_was_written_by_a_wrong_clock_and_stops_nobody() -> None:
    level = budget.bucket_level(0.4, NOW + timedelta(hours=1), NOW, 600)

    assert level == budget.bucket_level(0, None, NOW, 600)


@pytest.mark.django_db
@pytest.mark.parametrize(("rate_limit", "most"), [(60, 15), (600, 15), (6000, 150)])
def test_few_requests_are_without_an_answer_at_once_over_all_workers(rate_limit: int, most: int) -> None:
    connection = ConnectionFactory.create(rate_limit=rate_limit)
    batch = BatchFactory.create(template__connection=connection)
    CloneJobFactory.create_batch(4, batch=batch, lease_token="theirs", leased_until=leasing.lease_end(NOW))
    CloneJobFactory.create(lease_token="theirs", leased_until=leasing.lease_end(NOW))  # over another connection

    assert budget.room_in_air(connection, after(4)) == most - 4


@pytest.mark.django_db
def test_what_a_dead_worker_had_in_the_air_does_not_hold_up_the_others() -> None:
    batch = BatchFactory.create()
    CloneJobFactory.create_batch(4, batch=batch, lease_token="theirs", leased_until=leasing.lease_end(NOW))

    assert budget.room_in_air(batch.connection, after(5.1)) == budget.MOST_IN_AIR
