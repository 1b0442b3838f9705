from __future__ import annotations

from codeforge_common.handler.ending import Stop
from codeforge_worker.lease import Leases
from tests.worker.leases import RecordingLease


def test_free_slots_follow_the_runs_and_not_the_outcomes() -> None:
    leases = Leases(slots=2)
    one, two = (RecordingLease(job_id=job) for job in ("one", "two"))
    leases.answered(7, [one, two])
    assert leases.free == 0
    leases.end(one)
    assert leases.free == 1
    said = leases.snapshot()
    assert (set(said.leases), said.answered, said.free) == ({one, two}, 7, 1)
    assert leases.running == (two,)
    leases.release(one)
    assert leases.held == {two}
    leases.release(two)
    assert leases.free == 2


def test_ending_twice_frees_one_slot() -> None:
    leases = Leases(slots=1)
    lease = RecordingLease()
    leases.answered(1, [lease])
    leases.end(lease)
    leases.end(lease)
    leases.release(lease)
    assert leases.free == 1


def test_the_jobs_of_a_batch_fill_one_slot() -> None:
    leases = Leases(slots=2)
    first, second = (RecordingLease(job_id=job, slots=slots) for job, slots in (("a", 1), ("b", 0)))
    leases.answered(1, [first, second])
    assert leases.free == 1
    leases.end(second)
    assert leases.free == 1
    leases.end(first)
    assert leases.free == 2


def test_a_worker_that_refuses_work_has_no_free_slot() -> None:
    leases = Leases(slots=3)
    leases.refuse()
    assert (leases.free, leases.snapshot().free, leases.accepting) == (0, 0, False)


def test_a_verdict_is_news_only_while_the_run_goes_on() -> None:
    leases = Leases(slots=1)
    lease = RecordingLease()
    assert not leases.current(lease)
    leases.answered(1, [lease])
    assert leases.current(lease)
    leases.end(lease)
    assert not leases.current(lease)


def test_two_leases_of_one_job_are_two() -> None:
    leases = Leases(slots=2)
    lost, new = (RecordingLease(token=token) for token in (1, 2))
    leases.answered(1, [lost])
    leases.answered(2, [new])
    leases.release(lost)
    assert leases.held == {new}


def test_how_much_of_a_lease_is_used() -> None:
    lease = RecordingLease(since=100)
    assert [lease.used(now) for now in (100, 107, 110, 120)] == [0, 0.7, 1, 2]


def test_only_a_lost_job_leaves_nothing_to_tell() -> None:
    assert {stop for stop in Stop if stop.lost} == {Stop.FENCED, Stop.GONE}
