from __future__ import annotations

import asyncio

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.handler.ending import Stop
from codeforge_common.job import JobType
from codeforge_common.store import Served, Verdict
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker import clock
from codeforge_worker.availability import Availability
from codeforge_worker.lease import Lease, Leases
from codeforge_worker.renewal import Identity, Renewal
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import FakeStore
from tests.worker.leases import RecordingLease

IDENTITY = Identity(worker="w", types=[JobType(name="echo")], serves=[Served(type="echo", lease_ms=10_000)])


class House:
    """A renewal with two leases, taken at time 0."""

    def __init__(self, *, interval: float = 1.0) -> None:
        self.store = FakeStore()
        self.readiness = Readiness()
        self.went_back: list[bool] = []
        self.leases = Leases(slots=5)
        self.one, self.two = (RecordingLease(job_id=job) for job in ("one", "two"))
        self.leases.answered(3, [self.one, self.two])
        self.renewal = Renewal(
            store=self.store,
            identity=IDENTITY,
            leases=self.leases,
            availability=Availability(self.readiness),
            readiness=self.readiness,
            went_back=lambda: self.went_back.append(True),
            interval=interval,
        )

    def told(self, lease: Lease) -> list[object]:
        assert isinstance(lease, RecordingLease)
        return lease.told


async def test_it_names_what_is_held_the_last_claim_and_the_free_slots() -> None:
    house = House()
    await house.renewal.once()
    (said,) = house.store.asked("renew")
    assert {(held.job_id, held.token) for held in said["held"]} == {("one", 1), ("two", 1)}
    assert (said["answered"], said["free"]) == (3, 3)


async def test_an_idle_worker_beats_its_heart_too() -> None:
    house = House()
    for lease in (house.one, house.two):
        house.leases.release(lease)
    await house.renewal.once()
    (said,) = house.store.asked("renew")
    assert (said["held"], said["free"]) == ([], 5)


async def test_deadlines_count_from_the_send_and_not_from_the_answer() -> None:
    house = House()
    under_way: list[float] = []
    house.store.meanwhile["renew"] = lambda: under_way.append(clock.now())
    await house.renewal.once()
    assert 0 < house.one.since <= under_way[0]


@pytest.mark.parametrize(
    ("verdict", "told"),
    [(Verdict.CANCELLED, [Stop.CANCELLED]), (Verdict.FENCED, [Stop.FENCED]), (Verdict.GONE, [Stop.GONE])],
)
async def test_a_verdict_stops_the_run_that_it_is_about(verdict: Verdict, told: list[Stop]) -> None:
    house = House()
    house.store.verdicts["one"] = verdict
    await house.renewal.once()
    assert house.told(house.one) == told
    assert house.told(house.two) == []
    assert (house.one.since > 0) is (verdict is Verdict.CANCELLED)
    assert house.two.since > 0


async def test_a_verdict_on_a_run_that_ended_meanwhile_is_no_news() -> None:
    house = House()
    house.store.verdicts = {"one": Verdict.FENCED, "two": Verdict.FENCED}

    def both_end() -> None:
        house.leases.end(house.one)
        house.leases.release(house.two)

    house.store.meanwhile["renew"] = both_end
    await house.renewal.once()
    assert house.told(house.one) == house.told(house.two) == []


async def test_types_are_announced_at_first_and_whenever_the_store_lacks_them() -> None:
    house = House()
    await house.renewal.once()
    await house.renewal.once()
    assert len(house.store.asked("announce")) == 1
    house.store.announce_wanted = True
    await house.renewal.once()
    await house.renewal.once()
    assert len(house.store.asked("announce")) == 2


async def test_an_outage_is_waited_out() -> None:
    house = House(interval=0.01)
    house.store.troubles = [StoreUnavailable("It is away.")] * 3
    renewing = asyncio.create_task(house.renewal.run())
    await wait_for(lambda: "store" in house.readiness.report()[1], within=2, what="the bad news")
    assert house.readiness.report()[1]["store"] == {"ok": False, "detail": "It is away."}
    await wait_for(lambda: house.readiness.report()[0], within=2, what="the good news")
    renewing.cancel()


async def test_in_a_hurry_it_does_not_wait_for_the_next_beat() -> None:
    house = House(interval=3600)
    renewing = asyncio.create_task(house.renewal.run())
    await wait_for(lambda: len(house.store.asked("renew")) == 1, within=2, what="the first renewal")
    house.leases.refuse()
    house.renewal.hurry()
    await wait_for(lambda: len(house.store.asked("renew")) == 2, within=2, what="the second renewal")
    assert house.store.asked("renew")[1]["free"] == 0
    renewing.cancel()


@pytest.mark.parametrize(("seen", "went_back"), [(2, [True]), (3, []), (4, [])])
async def test_a_store_that_knows_less_than_it_answered_went_back_in_time(seen: int, went_back: list[bool]) -> None:
    house = House()
    house.store.seen = seen
    await house.renewal.once()
    assert house.went_back == went_back
