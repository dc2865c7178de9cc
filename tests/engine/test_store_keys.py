"""The rows of stores' tokens."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clones.choices import BlockReason
from clones.engine import budget, store_keys
from clones.models import StoreKey

NOW = timezone.now()

pytestmark = pytest.mark.django_db


def test_a_token_is_known_by_a_fingerprint_that_depends_on_the_portals_key(settings: object) -> None:
    before = store_keys.fingerprint("secret_1")
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]

    assert len(before) == 64
    assert "secret" not in before
    assert store_keys.fingerprint("secret_1") != before
    assert store_keys.fingerprint("secret_1") != store_keys.fingerprint("secret_2")


def test_the_same_token_is_one_row_and_another_is_another(django_assert_max_num_queries: object) -> None:
    first = store_keys.lock_keys(["a", "b", "a"], NOW)
    again = store_keys.lock_keys(["b"], NOW + timedelta(hours=1))

    assert sorted(first) == ["a", "b"]
    assert again["b"].pk == first["b"].pk
    assert StoreKey.objects.get(fingerprint="b").used_at == NOW + timedelta(hours=1)


def test_what_was_not_used_for_a_day_is_forgotten() -> None:
    store_keys.lock_keys(["old"], NOW - timedelta(days=1))
    store_keys.lock_keys(["new"], NOW - timedelta(hours=23))

    assert store_keys.forget_unused(NOW) == 1
    assert StoreKey.objects.get().fingerprint == "new"


def test_only_tokens_refused_within_a_day_count() -> None:
    refused = {"used_at": NOW, "blocked_until": NOW, "block_reason": BlockReason.CREDENTIALS}
    lately, long_ago = NOW - timedelta(hours=1), NOW - timedelta(days=2)
    StoreKey.objects.bulk_create(
        [
            *(StoreKey(fingerprint=f"a{number}", blocked_since=lately, **refused) for number in range(299)),
            *(StoreKey(fingerprint=f"b{number}", blocked_since=long_ago, **refused) for number in range(10)),
        ]
    )
    assert not store_keys.too_many_refused(NOW)

    StoreKey.objects.create(fingerprint="one more", blocked_since=lately, **refused)

    assert store_keys.too_many_refused(NOW)


class TestTheBudgetAndTheBreaker:
    """As `test_budget` has them for connections; here, that they serve tokens."""

    def test_requests_are_counted(self) -> None:
        key = store_keys.lock_keys(["a"], NOW)["a"]
        assert budget.open_slots(key, NOW) == 10

        budget.spend(key, 12, NOW)

        assert budget.open_slots(StoreKey.objects.get(), NOW) == 0
        assert budget.seconds_until_slot(StoreKey.objects.get(), NOW) == pytest.approx(3 / 7.8333, rel=0.01)

    def test_a_limit_stops_it_until_its_end(self) -> None:
        key = store_keys.lock_keys(["a"], NOW)["a"]
        until = NOW + timedelta(seconds=30)

        budget.stop_traffic(key, BlockReason.RATE_LIMITED, until, NOW)

        stopped = StoreKey.objects.get()
        assert budget.open_slots(stopped, NOW + timedelta(seconds=29)) == 0
        assert budget.open_slots(stopped, until) > 0

    def test_a_refusal_stops_it_and_an_answer_frees_it(self) -> None:
        key = store_keys.lock_keys(["a"], NOW)["a"]
        budget.stop_traffic(key, BlockReason.CREDENTIALS, NOW + timedelta(hours=1), NOW)
        assert budget.open_slots(StoreKey.objects.get(), NOW) == 0

        budget.resume_traffic(key.pk, NOW + timedelta(seconds=1), of=StoreKey)

        assert budget.open_slots(StoreKey.objects.get(), NOW + timedelta(seconds=1)) == 10
