"""The plan of a seed: repeatable, and so made that what is compared later needs no exemption."""

from itertools import pairwise

import pytest

from tests.chaos.plan import CALM_BEFORE_BURST, DATABASE_AWAY, OF_A_SERVER, OF_ONE_CLUSTER, Kind, Plan, Step, make_plan

EVERYTHING = (*OF_ONE_CLUSTER, *OF_A_SERVER)
SEEDS = range(20)


def plan_of(seed: int, kinds: tuple[Kind, ...] = EVERYTHING) -> Plan:
    return make_plan(seed, 150, 400, kinds, templates=5)


def steps_of(plan: Plan, *kinds: Kind) -> list[Step]:
    return [step for step in plan.steps if step.kind in kinds]


def test_a_seed_repeats_its_plan() -> None:
    assert plan_of(7) == plan_of(7) != plan_of(8)


def test_a_plan_holds_only_what_the_deployment_can_suffer() -> None:
    plan = plan_of(1, (Kind.STOP, Kind.LOCK))

    assert {step.kind for step in plan.steps} == {Kind.KILL, Kind.LAUNCH, Kind.BURST, Kind.STOP, Kind.LOCK}


@pytest.mark.parametrize("kind", EVERYTHING)
def test_everything_strikes_in_a_long_storm(kind: Kind) -> None:
    assert steps_of(plan_of(1), kind)


def test_something_is_killed_every_three_seconds() -> None:
    assert [step.at for step in steps_of(plan_of(1), Kind.KILL)] == [3.0 * count for count in range(1, 51)]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_targets_differ_and_are_as_many_as_asked_for(seed: int) -> None:
    targets = [target.store_id for order in plan_of(seed).orders for target in order.targets]

    assert len(set(targets)) == len(targets) == 400


@pytest.mark.parametrize("seed", SEEDS)
def test_some_targets_are_taken_and_nothing_odd_happens_in_these(seed: int) -> None:
    taken = [target for order in plan_of(seed).orders for target in order.targets if target.is_taken]

    assert len(taken) > 10
    assert all(target.exists and set(target.flags) == {"queued_seconds", "clone_seconds"} for target in taken)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_order_is_launched_once(seed: int) -> None:
    plan = plan_of(seed)

    assert sorted(step.number for step in steps_of(plan, Kind.LAUNCH)) == list(range(len(plan.orders)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_429_comes_when_somebody_surely_learns_of_it(seed: int) -> None:
    plan = plan_of(seed)
    struck = steps_of(plan, Kind.KILL, *EVERYTHING)

    for burst in steps_of(plan, Kind.BURST):
        assert not [step for step in struck if step.at < burst.at < step.at + CALM_BEFORE_BURST]
        assert not [step for step in struck if step.kind in DATABASE_AWAY and step.at < burst.at < step.ends_at]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_server_and_one_cluster_at_most_are_in_trouble_at_a_time(seed: int) -> None:
    for kinds in (OF_ONE_CLUSTER, OF_A_SERVER):
        troubles = steps_of(plan_of(seed), *kinds)
        assert all(one.ends_at < two.at for one, two in pairwise(troubles))
