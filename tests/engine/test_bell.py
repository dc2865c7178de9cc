"""The bell: rung for the living, never twice, and never worth failing for."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.brokers.redis_broker import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clones.engine import bell
from clones.models import WorkerBeat
from tests.factories import WorkerBeatFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clean_queues() -> Iterator[None]:
    """Redis does not roll back."""
    yield
    for queue in {*WorkerBeat.objects.values_list("queue", flat=True), "bell-test", bell.DEFAULT_QUEUE}:
        get_broker(queue).delete_queue()


class UnreachableBroker(Redis):  # type: ignore[misc]  # django-q2 has no types
    """A broker whose server is away."""

    @staticmethod
    def get_connection(list_key: str | None = None) -> "redis.Redis":  # noqa: ARG004  django-q2's signature
        return redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "get_broker", UnreachableBroker)


def waiting(queue: str) -> int:
    return int(get_broker(queue).queue_size())


def test_a_bell_waits_in_the_queue_of_its_worker() -> None:
    bell.ring("bell-test")

    assert (waiting("bell-test"), waiting("bell-test-2")) == (1, 0)


def test_a_second_bell_is_not_put_behind_one_that_waits() -> None:
    bell.ring("bell-test")
    bell.ring("bell-test")

    assert waiting("bell-test") == 1


def test_it_rings_for_every_living_worker_and_for_no_other() -> None:
    living = [WorkerBeatFactory.create().queue, WorkerBeatFactory.create().queue]
    silent = WorkerBeatFactory.create(beat_at=timezone.now() - timedelta(minutes=5)).queue
    stopped = WorkerBeatFactory.create(stopped_at=timezone.now()).queue

    bell.ring_all()

    assert [waiting(queue) for queue in (*living, silent, stopped)] == [1, 1, 0, 0]


def test_what_waits_for_a_worker_that_has_gone_is_forgotten() -> None:
    bell.ring("bell-test")

    bell.forget_queue("bell-test")

    assert waiting("bell-test") == 0


@pytest.mark.usefixtures("broker_away")
def test_a_bell_that_cannot_be_rung_is_logged_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    bell.try_to_ring("bell-test")

    assert "A bell was lost (ConnectionError)" in caplog.text


@pytest.mark.usefixtures("broker_away")
def test_ringing_for_all_takes_one_lost_bell_for_all_of_them(caplog: pytest.LogCaptureFixture) -> None:
    WorkerBeatFactory.create_batch(2)

    bell.ring_all()

    assert caplog.text.count("A bell was lost") == 1


@pytest.mark.usefixtures("broker_away")
def test_the_watchdog_hears_of_a_broker_that_is_away() -> None:
    with pytest.raises(redis.ConnectionError):
        bell.ring("bell-test")


@pytest.mark.usefixtures("broker_away")
def test_the_trouble_with_the_queue_is_a_sentence() -> None:
    assert bell.queue_trouble() == "The queue (Redis, or the database) does not answer."


def test_a_queue_in_order_is_no_trouble() -> None:
    assert bell.queue_trouble() == ""
