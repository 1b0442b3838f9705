"""Deadlines on a simulated clock. A lease has ten seconds."""

from __future__ import annotations

from codeforge_common.handler.ending import Stop
from codeforge_worker.deadlines import Deadlines
from codeforge_worker.lease import Lease, Leases
from tests.worker.leases import RecordingLease


class House:
    """One running lease, looked after."""

    def __init__(self, *, pausable: bool = False, wall_end: float | None = None) -> None:
        self.lease = RecordingLease(pausable=pausable, wall_end=wall_end)
        self.outlived: list[Lease] = []
        self.leases = Leases(slots=1)
        self.leases.answered(1, [self.lease])
        self._deadlines = Deadlines(leases=self.leases, outlived=self.outlived.append)

    def look(self, *moments: float) -> list[object]:
        """What the run was told at these moments."""
        before = len(self.lease.told)
        for now in moments:
            self._deadlines.look(now)
        return self.lease.told[before:]


def test_an_async_run_is_cancelled_and_then_ends_the_process() -> None:
    house = House()
    assert house.look(0, 3, 6.9) == []
    assert house.look(7) == [Stop.LEASE]
    assert house.look(8.9) == [Stop.LEASE]
    assert house.outlived == []
    house.look(9)
    assert house.outlived == [house.lease]


def test_one_that_ended_in_time_does_not() -> None:
    house = House()
    house.look(7)
    house.leases.end(house.lease)
    assert house.look(9, 20) == []
    assert house.outlived == []


def test_a_child_may_run_for_that_long_and_its_guard_knows() -> None:
    house = House(pausable=True)
    assert house.look(0, 6.9, 9, 100) == []
    assert house.lease.allowed_until == 7
    assert house.outlived == []
    house.lease.since = 99
    house.look(100.1)
    assert house.lease.allowed_until == 106


def test_a_renewal_in_time_moves_the_deadline() -> None:
    house = House()
    house.lease.since = 5
    assert house.look(11.9) == []
    assert house.look(12) == [Stop.LEASE]


def test_the_wall_time_ends_an_attempt() -> None:
    house = House(wall_end=4)
    assert house.look(3.9) == []
    assert house.look(4) == [Stop.WALL_TIME]


def test_a_paused_child_hears_of_its_wall_time_when_it_goes_on() -> None:
    house = House(pausable=True, wall_end=8)
    assert house.look(7, 8, 20) == []
    house.lease.since = 20
    assert house.look(20.1) == [Stop.WALL_TIME]
