"""Calls about very many jobs: commands take a bounded number of arguments, so what a call gathers goes out in parts."""

from __future__ import annotations

import asyncio

import pytest

from codeforge_common.job import Status
from codeforge_common.store import Limits, Outcome, OutcomeKind, Verdict
from tests.common.store.checks import QUEUED_ONE
from tests.common.store.harness import AGENT, Harness, harness
from tests.common.store.snapshot import snapshot

JOBS = 1_100


async def state(bench: Harness) -> dict[Status, int]:
    (agent, _) = (await bench.store.cluster()).types
    return {status: count for status, count in agent.counts.items() if count}


@pytest.mark.parametrize(("jobs_in_all", "users"), [(JOBS, 1), (4_100, 4_100)])  # Lua's stack takes 8,000 values
async def test_a_thousand_jobs_are_claimed_renewed_and_ended_in_one_call_each(
    redis_url: str, namespace: str, jobs_in_all: int, users: int
) -> None:
    limits = Limits(rate_per_minute=0, user_max_running=0, user_max_waiting=0)
    async with harness(redis_url, namespace, limits=limits) as bench:
        submits = (bench.submit(user=f"u{number % users}") for number in range(jobs_in_all))
        jobs = set(await asyncio.gather(*submits))
        runs = (await bench.claim(slots=2 * jobs_in_all)).runs
        assert {run.job_id for run in runs} == jobs
        assert await state(bench) == {Status.ACTIVE: jobs_in_all}
        assert set((await bench.renew(runs=runs)).verdicts) == {Verdict.HELD}
        assert len((await bench.claim_again(slots=2 * jobs_in_all)).runs) == jobs_in_all
        back = [Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.HANDED_BACK) for run in runs]
        turn = await bench.claim(slots=2 * jobs_in_all, outcomes=back)
        assert {one.verdict for one in turn.settled} == {Verdict.HELD}
        assert {run.job_id for run in turn.runs} == jobs
        done = [Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.COMPLETED) for run in turn.runs]
        await bench.claim(slots=0, outcomes=done)
        assert await state(bench) == {Status.COMPLETED: jobs_in_all}
        left = [key async for key in bench.redis.scan_iter(bench.key("*"), count=10_000)]
        families = {key.decode().split(":")[1] for key in left}
        assert not families & {"leases", "load", "ready", "rotation", "rotating"}
        bench.clock.tick(limits.retention_completed_ms)
        await bench.reap_until_done()
        assert await state(bench) == {}


async def test_a_worker_that_stops_with_a_thousand_leases_hands_all_of_them_back(
    redis_url: str, namespace: str
) -> None:
    limits = Limits(rate_per_minute=0, user_max_running=0, user_max_waiting=0)
    async with harness(redis_url, namespace, limits=limits) as bench:
        await asyncio.gather(*(bench.submit() for _ in range(JOBS)))
        await bench.claim(slots=JOBS)
        handed_back, _ = await bench.store.close_worker(worker="w1", serves=[])
        assert len(handed_back) == JOBS
        assert await state(bench) == {Status.WAITING: JOBS}
        assert not await bench.redis.exists(bench.key("leases"))
        assert (await snapshot(bench.redis, bench.namespace)).hash("load") == {"ann": str(QUEUED_ONE * JOBS)}
        assert len((await bench.claim("w2", slots=JOBS, types=[AGENT.name])).runs) == JOBS
