"""Batches: one slot for several jobs of a type, and how long few of them wait for more."""

from __future__ import annotations

from collections.abc import Sequence

from codeforge_common.store import Limits, Outcome, OutcomeKind, Run, Served
from tests.common.store.harness import AGENT, LEASE, OTHER, Harness, harness

SINGLE = Served(type=AGENT.name, lease_ms=LEASE)


def batch(size: int, *, gather_ms: int = 0) -> Served:
    return Served(type=OTHER.name, lease_ms=LEASE, batch=size, gather_ms=gather_ms)


async def submit(bench: Harness, count: int, **given: object) -> list[str]:
    return [await bench.submit(type=OTHER, **given) for _ in range(count)]


def ids(runs: Sequence[Run]) -> list[str]:
    return [run.job_id for run in runs]


async def test_a_slot_takes_up_to_a_batch(bench: Harness) -> None:
    jobs = await submit(bench, 7)
    assert ids((await bench.claim(slots=1, serves=[batch(3)])).runs) == jobs[:3]
    assert ids((await bench.claim(slots=3, serves=[batch(3)])).runs) == jobs[3:]
    assert (await bench.claim(slots=1, serves=[batch(3)])).runs == []


async def test_each_batch_costs_one_slot(bench: Harness) -> None:
    jobs = await submit(bench, 7)
    turn = await bench.claim(slots=2, serves=[batch(3)])
    assert ids(turn.runs) == jobs[:6]
    await bench.submit()
    assert len((await bench.claim("w2", slots=2, serves=[batch(3), SINGLE])).runs) == 2


async def test_the_slots_that_batches_leave_free_are_the_credit(bench: Harness) -> None:
    await submit(bench, 4)
    await bench.claim(slots=5, serves=[batch(3)])
    rung = [(await bench.store.create(bench.submission(type=OTHER))).ring for _ in range(5)]
    assert rung.count(True) == 3


async def test_types_take_turns_by_runs_not_by_jobs(bench: Harness) -> None:
    await submit(bench, 6)
    for _ in range(3):
        await bench.submit(type=AGENT)
    runs = (await bench.claim(slots=5, serves=[batch(2), SINGLE])).runs
    assert [run.type for run in runs] == [OTHER.name, OTHER.name, AGENT.name] * 2 + [OTHER.name] * 2


async def test_users_take_turns_within_a_batch_and_their_caps_hold(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=2)) as bench:
        theirs = {user: await submit(bench, count, user=user) for user, count in (("ann", 4), ("bob", 1), ("cy", 3))}
        runs = (await bench.claim(slots=1, serves=[batch(20)])).runs
        ann, bob, cy = theirs["ann"], theirs["bob"], theirs["cy"]
        assert ids(runs) == [ann[0], bob[0], cy[0], ann[1], cy[1]]
        assert (await bench.claim(slots=1, serves=[batch(20)])).runs == []
        await bench.settle(runs[0], OutcomeKind.COMPLETED)
        assert ids((await bench.claim(slots=1, serves=[batch(20)])).runs) == [ann[2]]


async def test_a_batch_is_single_jobs_to_everybody_else(bench: Harness) -> None:
    await submit(bench, 3)
    first, second, third = (await bench.claim(slots=1, serves=[batch(3)])).runs
    await bench.store.cancel(second.job_id, caller="ann")
    assert list((await bench.renew(runs=[first, second, third])).verdicts) == ["held", "cancelled", "held"]
    settled = [await bench.settle(run, OutcomeKind.COMPLETED) for run in (first, second, third)]
    assert [one.status for one in settled] == ["completed", "cancelled", "completed"]


async def test_a_repeated_claim_brings_the_same_jobs_and_no_more(bench: Harness) -> None:
    await submit(bench, 9)
    serves = [batch(3, gather_ms=100)]
    runs = (await bench.claim(slots=2, serves=serves)).runs
    again = (await bench.claim_again(slots=2, serves=serves)).runs
    assert [(run.job_id, run.token) for run in again] == [(run.job_id, run.token) for run in runs]
    assert len(runs) == 6


class TestGathering:
    async def test_a_full_batch_waits_for_nothing(self, bench: Harness) -> None:
        await submit(bench, 3)
        turn = await bench.claim(serves=[batch(3, gather_ms=500)])
        assert (len(turn.runs), turn.gathering_ms) == (3, None)

    async def test_where_nothing_waits_nothing_gathers(self, bench: Harness) -> None:
        turn = await bench.claim(serves=[batch(3, gather_ms=500)])
        assert (turn.runs, turn.gathering_ms) == ([], None)

    async def test_without_a_time_to_gather_few_are_taken_at_once(self, bench: Harness) -> None:
        await submit(bench, 2)
        turn = await bench.claim(serves=[batch(3)])
        assert (len(turn.runs), turn.gathering_ms) == (2, None)

    async def test_few_wait_until_the_oldest_has_waited_long_enough(self, bench: Harness) -> None:
        await submit(bench, 1)
        bench.clock.tick(200)
        await submit(bench, 1)
        serves = [batch(3, gather_ms=500)]
        turn = await bench.claim(serves=serves)
        assert (turn.runs, turn.gathering_ms) == ([], 300)
        bench.clock.tick(299)
        turn = await bench.claim(serves=serves)
        assert (turn.runs, turn.gathering_ms) == ([], 1)
        bench.clock.tick(1)
        turn = await bench.claim(serves=serves)
        assert (len(turn.runs), turn.gathering_ms) == (2, None)

    async def test_few_wait_until_they_are_a_batch(self, bench: Harness) -> None:
        await submit(bench, 2)
        serves = [batch(3, gather_ms=500)]
        assert not (await bench.claim(serves=serves)).runs
        accepted = await bench.store.create(bench.submission(type=OTHER))
        assert accepted.ring  # the slot that stayed free is credit
        assert len((await bench.claim(serves=serves)).runs) == 3

    async def test_after_full_batches_the_rest_gathers(self, bench: Harness) -> None:
        await submit(bench, 4)
        turn = await bench.claim(slots=5, serves=[batch(3, gather_ms=500)])
        assert (len(turn.runs), turn.gathering_ms) == (3, 500)

    async def test_what_gathers_holds_up_no_other_type(self, bench: Harness) -> None:
        await submit(bench, 1)
        job_id = await bench.submit(type=AGENT)
        turn = await bench.claim(slots=2, serves=[batch(3, gather_ms=500), SINGLE])
        assert (ids(turn.runs), turn.gathering_ms) == ([job_id], 500)

    async def test_the_shortest_time_left_is_answered(self, bench: Harness) -> None:
        await submit(bench, 1)
        await bench.submit(type=AGENT)
        other = Served(type=AGENT.name, lease_ms=LEASE, batch=2, gather_ms=200)
        assert (await bench.claim(serves=[batch(3, gather_ms=500), other])).gathering_ms == 200
        assert (await bench.claim(serves=[other, batch(3, gather_ms=500)])).gathering_ms == 200

    async def test_a_job_handed_back_in_the_same_call_gathers_anew(self, bench: Harness) -> None:
        serves = [batch(2, gather_ms=500)]
        await submit(bench, 1)
        bench.clock.tick(500)
        (run,) = (await bench.claim(serves=serves)).runs
        outcome = Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.HANDED_BACK)
        turn = await bench.claim(serves=serves, outcomes=[outcome])
        assert (turn.runs, turn.gathering_ms) == ([], 500)

    async def test_a_clock_that_stepped_back_keeps_no_batch_waiting(self, bench: Harness) -> None:
        await submit(bench, 1)
        bench.clock.tick(-3_600_000)
        turn = await bench.claim(serves=[batch(3, gather_ms=500)])
        assert (len(turn.runs), turn.gathering_ms) == (1, None)

    async def test_a_capped_users_jobs_keep_no_batch_waiting_for_ever(self, redis_url: str, namespace: str) -> None:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=1)) as bench:
            await bench.start(user="ann")
            await submit(bench, 1, user="ann")
            bench.clock.tick(100)
            (theirs,) = await submit(bench, 1, user="bob")
            bench.clock.tick(500)
            turn = await bench.claim("w2", serves=[batch(3, gather_ms=500)])
            assert (ids(turn.runs), turn.gathering_ms) == ([theirs], None)
