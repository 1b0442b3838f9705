"""Turns, caps, credits and rings: who is claimed next, and when somebody has to be rung for."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from codeforge_common.store import Limits, Outcome, OutcomeKind, Run, Store
from tests.common.store.harness import AGENT, OTHER, Harness, harness

BOTH = (AGENT.name, OTHER.name)


async def test_users_take_turns_and_each_users_jobs_keep_their_order(bench: Harness) -> None:
    jobs = {user: [await bench.submit(user=user) for _ in range(n)] for user, n in (("ann", 3), ("bob", 1), ("cy", 2))}
    claimed = [run.job_id for _ in range(3) for run in (await bench.claim(slots=2)).runs]
    assert claimed == [jobs["ann"][0], jobs["bob"][0], jobs["cy"][0], jobs["ann"][1], jobs["cy"][1], jobs["ann"][2]]


async def test_a_claim_takes_no_more_than_its_slots_whoever_is_asked_again(bench: Harness) -> None:
    for user in ("ann", "bob") * 2:
        await bench.submit(user=user)
    assert [run.user_id for run in (await bench.claim(slots=3)).runs] == ["ann", "bob", "ann"]
    assert [run.user_id for run in (await bench.claim(slots=3)).runs] == ["bob"]


async def test_types_take_turns_within_a_claim(bench: Harness) -> None:
    for _ in range(4):
        await bench.submit(type=AGENT)
        await bench.submit(type=OTHER)
    runs = (await bench.claim(slots=5, types=BOTH)).runs
    assert [run.type for run in runs] == ["agent_task", "other_task", "agent_task", "other_task", "agent_task"]


async def test_types_take_turns_over_many_claims(bench: Harness) -> None:
    """With two types ready, their claims differ by at most one run, whatever the number of free slots each time."""
    for _ in range(30):
        await bench.submit(type=AGENT, user="ann")
        await bench.submit(type=OTHER, user="bob")
    served: Counter[str] = Counter()
    order = list(BOTH)
    for slots in (1, 1, 2, 3, 1, 4, 2, 1):
        runs = (await bench.claim(slots=slots, types=order)).runs
        for run in runs:
            served[run.type] += 1
            await bench.settle(run, OutcomeKind.COMPLETED)
            assert abs(served[AGENT.name] - served[OTHER.name]) <= 1
        order = [name for name in order if name != runs[-1].type] + [runs[-1].type]  # next: the one after the last
    assert served.total() == 15


async def test_a_worker_gets_only_what_it_serves(bench: Harness) -> None:
    await bench.submit(type=OTHER)
    assert not (await bench.claim(slots=5)).runs


class TestRunningCap:
    @pytest.fixture
    async def bench(self, redis_url: str, namespace: str) -> AsyncIterator[Harness]:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=2)) as made:
            yield made

    async def test_a_user_at_the_cap_holds_up_nobody(self, bench: Harness) -> None:
        for _ in range(4):
            await bench.submit(user="ann")
        theirs = await bench.submit(user="bob")
        runs = (await bench.claim(slots=5)).runs
        assert Counter(run.user_id for run in runs) == {"ann": 2, "bob": 1}
        assert theirs in {run.job_id for run in runs}

    async def test_the_cap_counts_over_all_types(self, bench: Harness) -> None:
        for job_type in (AGENT, OTHER, AGENT, OTHER):
            await bench.submit(type=job_type)
        assert len((await bench.claim(slots=5, types=BOTH)).runs) == 2

    async def test_a_slot_that_becomes_free_brings_the_user_back_and_rings(self, bench: Harness) -> None:
        for _ in range(3):
            await bench.submit()
        run = (await bench.claim(slots=2)).runs[0]
        assert not (await bench.claim("w2", slots=1)).runs  # w2 has credit and nothing to do
        assert (await bench.claim("w1", slots=0)).rings == {}
        turn = await bench.claim("w1", slots=0, outcomes=[_completed(run)])
        assert turn.rings == {"agent_task": 1}
        assert len((await bench.claim("w2", slots=1)).runs) == 1

    async def test_the_users_turn_goes_to_the_end_when_they_come_back(self, bench: Harness) -> None:
        for _ in range(3):
            await bench.submit(user="ann")
        runs = (await bench.claim(slots=3)).runs
        assert len(runs) == 2
        others = [await bench.submit(user=user) for user in ("bob", "cy")]
        await bench.settle(runs[0], OutcomeKind.COMPLETED)
        assert [run.job_id for run in (await bench.claim(slots=2)).runs] == others
        assert [run.user_id for run in (await bench.claim(slots=2)).runs] == ["ann"]

    async def test_a_cancel_of_the_last_waiting_job_leaves_nothing_parked(self, bench: Harness) -> None:
        for _ in range(2):
            await bench.start()
        job_id = await bench.submit()
        assert await bench.redis.hgetall(bench.key("parked"))
        await bench.store.cancel(job_id, caller="ann")
        assert not await bench.redis.exists(bench.key("parked"))

    @pytest.mark.parametrize("end", ["finish", "hand-back", "crash", "close"])
    async def test_whatever_ends_a_run_frees_the_slot(self, bench: Harness, end: str) -> None:
        runs = [await bench.start(f"w{number}", type=AGENT) for number in range(2)]
        for job_type in BOTH:
            await bench.submit(type={AGENT.name: AGENT, OTHER.name: OTHER}[job_type])
        assert not (await bench.claim("w9", slots=2, types=BOTH)).runs
        if end == "finish":
            await bench.settle(runs[0], OutcomeKind.FAILED, worker="w0", reason="boom")
        elif end == "hand-back":
            await bench.settle(runs[0], OutcomeKind.HANDED_BACK, worker="w0")
        elif end == "close":
            await bench.store.close_worker(worker="w0", serves=[])
        else:
            for _ in range(11):
                bench.clock.tick(1_000)
                await bench.renew("w1", runs=runs[1:])
                await bench.reap_until_done()
        assert len((await bench.claim("w9", slots=2, types=BOTH)).runs) == 1

    async def test_a_cap_that_is_raised_later_holds_from_the_next_submit_or_end_on(self, bench: Harness) -> None:
        runs = [await bench.start() for _ in range(2)]
        parked = [await bench.submit() for _ in range(3)]
        raised = replace(bench, store=_with_cap(bench, 4))
        await raised.settle(runs[0], OutcomeKind.COMPLETED)
        assert [run.job_id for run in (await raised.claim(slots=9)).runs] == parked
        more = await raised.submit()
        assert not (await raised.claim(slots=9)).runs
        unlimited = replace(bench, store=_with_cap(bench, 0))
        await unlimited.submit()
        assert more in {run.job_id for run in (await unlimited.claim(slots=9)).runs}

    async def test_a_cap_that_is_lowered_later_takes_nothing_away(self, bench: Harness) -> None:
        runs = [await bench.start() for _ in range(2)]
        await bench.submit()
        lowered = replace(bench, store=_with_cap(bench, 1))
        await lowered.settle(runs[0], OutcomeKind.COMPLETED)
        assert not (await lowered.claim(slots=9)).runs
        assert (await lowered.renew(runs=[runs[1]])).verdicts == ["held"]
        await lowered.settle(runs[1], OutcomeKind.COMPLETED)
        assert len((await lowered.claim(slots=9)).runs) == 1

    async def test_a_call_that_parks_a_user_and_frees_their_slot_brings_them_back(self, bench: Harness) -> None:
        """Over a lowered cap what is handed back first is parked, and what is handed back last makes room for it."""
        for job_type in (AGENT, OTHER):
            await bench.submit(type=job_type)
        assert len((await bench.claim(slots=2, types=BOTH)).runs) == 2
        lowered = replace(bench, store=_with_cap(bench, 1))
        await lowered.store.close_worker(worker="w1", serves=[])
        assert not await bench.redis.exists(bench.key("parked"))
        assert len((await lowered.claim("w2", slots=9, types=BOTH)).runs) == 1


async def test_what_an_index_names_by_mistake_is_not_started(bench: Harness) -> None:
    """A store that was restored in part must not run a job twice."""
    run = await bench.start()
    waiting = await bench.submit()
    await bench.redis.zadd(bench.key("ready", AGENT.name, "ann"), {run.job_id: 0})
    assert [later.job_id for later in (await bench.claim("w2", slots=9)).runs] == [waiting]
    assert (await bench.renew(runs=[run])).verdicts == ["held"]


def _with_cap(bench: Harness, cap: int) -> Store:
    limits = Limits(rate_per_minute=0, user_max_running=cap)
    return Store(bench.redis, namespace=bench.namespace, limits=limits, clock=bench.clock)


def _completed(run: Run) -> Outcome:
    return Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.COMPLETED)


class TestRings:
    async def test_without_a_free_worker_nobody_is_rung(self, bench: Harness) -> None:
        assert not (await bench.store.create(bench.submission())).ring

    async def test_rings_never_exceed_the_announced_slots(self, bench: Harness) -> None:
        await bench.renew("w1", free=2)
        await bench.renew("w2", free=1)
        rung = [(await bench.store.create(bench.submission())).ring for _ in range(10)]
        assert rung.count(True) == 3

    async def test_a_claim_sets_the_credit_to_what_it_left_free(self, bench: Harness) -> None:
        await bench.submit()
        await bench.claim(slots=3)
        rung = [(await bench.store.create(bench.submission())).ring for _ in range(4)]
        assert rung.count(True) == 2

    async def test_a_credit_lives_three_seconds(self, bench: Harness) -> None:
        await bench.renew(free=1)
        bench.clock.tick(3_000)
        assert not (await bench.store.create(bench.submission())).ring

    async def test_a_credit_from_the_future_is_not_believed(self, bench: Harness) -> None:
        await bench.renew(free=1)
        bench.clock.tick(-60_000)
        assert not (await bench.store.create(bench.submission())).ring

    async def test_a_renewal_that_missed_a_claim_leaves_the_credit_alone(self, bench: Harness) -> None:
        await bench.submit()
        await bench.claim(slots=1)  # its answer is still under way when the renewal leaves
        await bench.renew(free=1, answered=0)
        assert not (await bench.store.create(bench.submission())).ring

    async def test_a_stopping_worker_is_not_rung(self, bench: Harness) -> None:
        await bench.renew(free=1)
        await bench.renew(free=0)
        assert not (await bench.store.create(bench.submission())).ring

    async def test_a_capped_users_jobs_take_no_credit(self, redis_url: str, namespace: str) -> None:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=1)) as bench:
            await bench.start(user="ann")
            await bench.renew("w2", free=1)
            assert not (await bench.store.create(bench.submission(user="ann"))).ring
            assert (await bench.store.create(bench.submission(user="bob"))).ring

    async def test_a_lost_ring_is_sent_again_by_the_reaper(self, bench: Harness) -> None:
        await bench.renew(free=1)
        assert (await bench.store.create(bench.submission())).ring
        await bench.renew(free=1)  # still idle: the ring never came
        assert (await bench.store.reap(again=True)).rings == {"agent_task": 1}
        assert (await bench.store.reap(again=True)).rings == {}

    async def test_a_due_job_rings(self, bench: Harness) -> None:
        await bench.submit(delay_ms=1_000)
        bench.clock.tick(1_000)
        await bench.renew(free=2)
        assert (await bench.store.reap(again=True)).rings == {"agent_task": 1}

    async def test_a_retry_by_hand_rings(self, bench: Harness) -> None:
        job_id = await bench.submit()
        await bench.store.cancel(job_id, caller="ann")
        await bench.renew(free=1)
        changed = await bench.store.retry(job_id, caller="ann", request_id="r")
        assert changed.rings == {"agent_task": 1}
