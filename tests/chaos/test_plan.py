"""The plan is a pure function of the seed: what a seed has found it finds again."""

from __future__ import annotations

import pytest

from tests.chaos.faults import BROKER, BROKER_LINK, FaultKind
from tests.chaos.plan import BROKER_CRASHES, plan


@pytest.mark.parametrize("amqp", [False, True])
def test_the_same_seed_is_the_same_plan_and_another_is_another(amqp: bool) -> None:
    first, again, other = (plan(seed=seed, jobs=50, faults=20, amqp=amqp) for seed in (7, 7, 8))
    assert first == again
    assert first.orders != other.orders
    assert first.faults != other.faults


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_has_what_was_asked_for_in_order_of_time_and_every_kind_of_fault(seed: int) -> None:
    made = plan(seed=seed, jobs=100, faults=25, amqp=False)
    assert len(made.orders) == 100
    assert len(made.faults) == 25
    assert {fault.kind for fault in made.faults} == set(FaultKind)
    for moments in ([order.at for order in made.orders], [fault.at for fault in made.faults]):
        assert moments == sorted(moments)
    assert {fault.target for fault in made.faults}.isdisjoint({BROKER, BROKER_LINK})


def test_a_broker_of_its_own_breaks_too() -> None:
    targets = [fault.target for fault in plan(seed=1, jobs=1, faults=60, amqp=True).faults]
    assert targets.count(BROKER) == BROKER_CRASHES
    assert BROKER_LINK in targets
