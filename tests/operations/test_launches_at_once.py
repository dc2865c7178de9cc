"""Launches for one target, or one e-mail, at the same instant, each from a thread with its own connection."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from clones.choices import JobStatus
from clones.models import Batch, CloneEvent, CloneJob, StoreCreation, TargetStore, TemplateStore
from clones.operations.launch import Launch, Order, start_batch
from clones.operations.wanted import Wanted
from tests.factories import TargetStoreFactory, TemplateStoreFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25
BARRIER_SECONDS = 120  # only a broken test waits so long


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1003")


def at_once(template: TemplateStore, orders: Sequence[Sequence[str | Wanted]]) -> list[Launch]:
    """Launch each of the orders in a thread of its own, all let go by one barrier. Raises what a launch raises."""
    barrier = threading.Barrier(len(orders))

    def launch(targets: Sequence[str | Wanted]) -> Launch:
        wanted = [Wanted(one) if isinstance(one, str) else one for one in targets]
        try:
            connection.ensure_connection()
            barrier.wait(BARRIER_SECONDS)
            return start_batch(Order(template, targets=wanted))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(launch, orders))


def assert_one_got_it(launches: list[Launch]) -> None:
    """One launch made the job; every other one names that very job and made nothing."""
    (winner,) = [launch for launch in launches if launch.batch]
    (job,) = winner.jobs
    losers = [launch for launch in launches if not launch.batch]
    assert [(loser.jobs, loser.busy) for loser in losers] == [([], [job])] * (len(launches) - 1)


@pytest.mark.parametrize("known", [False, True], ids=["a new target", "a known target"])
def test_of_two_launches_one_makes_the_job_and_the_other_names_it(template: TemplateStore, *, known: bool) -> None:
    for number in range(ROUNDS):
        store_id = str(9001 + number)
        if known:
            TargetStoreFactory.create(connection=template.connection, store_id=store_id)

        launches = at_once(template, [[store_id], [store_id]])

        assert_one_got_it(launches)

    assert TargetStore.objects.count() == Batch.objects.count() == CloneJob.objects.count() == ROUNDS
    assert CloneEvent.objects.filter(to_status=JobStatus.WAITING).count() == ROUNDS


def test_of_eight_launches_one_makes_the_job(template: TemplateStore) -> None:
    launches = at_once(template, [["9001"]] * 8)

    assert_one_got_it(launches)


def test_launches_that_overlap_in_opposite_orders_share_the_targets_without_a_deadlock(
    template: TemplateStore,
) -> None:
    for number in range(ROUNDS):
        one, both, other = (str(9001 + 3 * number + offset) for offset in range(3))

        launches = at_once(template, [[one, both], [other, both]])

        got = Counter(job.target.store_id for launch in launches for job in launch.jobs)
        assert got == {one: 1, both: 1, other: 1}
        assert [job.target.store_id for launch in launches for job in launch.busy] == [both]


def test_the_same_targets_in_opposite_orders_go_to_one_launch(template: TemplateStore) -> None:
    for number in range(ROUNDS):
        first, second = str(9001 + 2 * number), str(9002 + 2 * number)

        launches = at_once(template, [[first, second], [second, first]])

        assert sorted(len(launch.jobs) for launch in launches) == [0, 2]
        assert sorted(len(launch.busy) for launch in launches) == [0, 2]


def to_create(number: int) -> Wanted:
    return Wanted(email=f"{number}@example.com", name=f"Store {number}")


def test_of_two_launches_for_one_e_mail_one_creates_the_store_and_the_other_is_told(template: TemplateStore) -> None:
    for number in range(ROUNDS):
        launches = at_once(template, [[to_create(number)], [to_create(number)]])

        assert_one_got_it(launches)

    assert TargetStore.objects.count() == StoreCreation.objects.count() == CloneJob.objects.count() == ROUNDS


def test_e_mails_and_ids_in_opposite_orders_go_to_one_launch_without_a_deadlock(template: TemplateStore) -> None:
    for number in range(ROUNDS):
        wanted: list[str | Wanted] = [to_create(2 * number), str(9001 + number), to_create(2 * number + 1)]

        launches = at_once(template, [wanted, wanted[::-1]])

        assert sorted(len(launch.jobs) for launch in launches) == [0, 3]
        assert sorted(len(launch.busy) for launch in launches) == [0, 3]
