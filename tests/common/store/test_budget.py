"""The byte budget: finished jobs go, the oldest first, then new ones are refused; what lives is never touched.

Each test has a server of its own: the budget is about all of a server's memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from codeforge_common.errors import JobNotFound, StoreFull
from codeforge_common.store import Idempotency, OutcomeKind, Run, Store, Verdict
from tests.common.store.harness import OTHER, UNLIMITED, Harness, harness
from tests.plugins.redis_server import RedisServer

NewRedis = Callable[..., RedisServer]

LOOSE, TIGHT, BETWEEN, FULL = 0.80, 0.85, 0.90, 1.10
"""Of the budget: finished jobs go from 0.85 on, new ones are refused from 0.95 on. A server frees the buffer of a large
call when it likes, so that what is used may change by about a job at any time."""

JOB = 200_000
"""Bytes of each job."""

LIMITS = replace(UNLIMITED, user_max_running=0)


@pytest.fixture
async def bench(new_redis: NewRedis) -> AsyncIterator[Harness]:
    async with harness(new_redis().url, "budget", limits=LIMITS) as made:
        yield made


async def with_budget(bench: Harness, *, used: float, less: int = 0) -> Harness:
    """The same store with a budget of which the memory in use, less so many bytes, is the part ``used``."""
    budget = int(((await bench.store.server()).memory - less) / used)
    limits = replace(LIMITS, store_max_bytes=budget)
    return replace(bench, store=Store(bench.redis, namespace=bench.namespace, limits=limits, clock=bench.clock))


async def finish(bench: Harness, kind: OutcomeKind = OutcomeKind.COMPLETED) -> str:
    """A job that ends a second later than the one before."""
    run = await bench.start(user_message="m" * JOB)
    bench.clock.tick(1_000)
    await bench.settle(run, kind, reason="boom")
    return run.job_id


async def kept(bench: Harness, jobs: list[str]) -> list[bool]:
    """For each job whether it is still there."""

    async def is_there(job_id: str) -> bool:
        try:
            return bool(await bench.get(job_id))
        except JobNotFound:
            return False

    return [await is_there(job_id) for job_id in jobs]


@dataclass
class Live:
    """One job that runs, one that waits and one that is put off, of a type of their own."""

    run: Run
    waiting: str
    delayed: str

    async def states(self, bench: Harness) -> list[str]:
        return [(await bench.get(job_id)).status.value for job_id in (self.run.job_id, self.waiting, self.delayed)]


async def live_jobs(bench: Harness) -> Live:
    given: dict[str, Any] = {"type": OTHER, "user_message": "m" * 3 * JOB}
    await bench.submit(**given)
    (run,) = (await bench.claim(types=[OTHER.name])).runs
    return Live(run, await bench.submit(**given), await bench.submit(delay_ms=30 * 86_400_000, **given))


async def test_the_oldest_finished_go_first_whichever_way_they_ended(bench: Harness) -> None:
    live = await live_jobs(bench)
    kinds = (OutcomeKind.COMPLETED, OutcomeKind.FAILED, OutcomeKind.CANCELLED)
    jobs = [await finish(bench, kind) for _ in range(8) for kind in kinds]
    tight = await with_budget(bench, used=TIGHT, less=6 * JOB)
    await tight.reap_until_done()
    there = await kept(tight, jobs)
    assert there == sorted(there), "a younger one went before an older one"
    assert 4 <= there.count(False) <= 9, "as many as needed, and no more"
    assert await live.states(tight) == ["active", "waiting", "delayed"]


async def test_a_little_below_the_budget_nothing_goes(bench: Harness) -> None:
    jobs = [await finish(bench) for _ in range(15)]
    loose = await with_budget(bench, used=LOOSE)
    await loose.reap_until_done()
    assert all(await kept(loose, jobs))
    await loose.submit()


async def test_between_the_two_marks_live_jobs_alone_have_nothing_refused(bench: Harness) -> None:
    for _ in range(15):
        await bench.submit(user_message="m" * JOB)
    tight = await with_budget(bench, used=BETWEEN)
    await tight.reap_until_done()
    await tight.submit()


async def test_with_nothing_left_to_go_new_jobs_are_refused_and_the_others_go_on(bench: Harness) -> None:
    live = await live_jobs(bench)
    key = Idempotency(key="k", route="r", digest="d")
    await bench.submit(idempotency=key)
    full = await with_budget(bench, used=FULL)
    await full.reap_until_done()
    with pytest.raises(StoreFull) as refused:
        await full.submit()
    assert refused.value.retry_after == 5.0
    assert (await full.store.create(full.submission(idempotency=key))).repeated
    assert (await full.renew(runs=[live.run])).verdicts == [Verdict.HELD]
    assert await full.report(live.run, progress=50) is Verdict.HELD
    await full.settle(live.run, OutcomeKind.RETRY, reason="boom")
    assert len((await full.claim("w2", slots=9, types=[OTHER.name])).runs) == 2
    assert await live.states(full) == ["active", "active", "delayed"]


async def test_when_what_lived_is_done_new_jobs_are_taken_again(bench: Harness) -> None:
    runs = [await bench.start(user_message="m" * JOB) for _ in range(15)]
    full = await with_budget(bench, used=FULL)
    await full.reap_until_done()
    with pytest.raises(StoreFull):
        await full.submit()
    for run in runs[:10]:
        await full.settle(run, OutcomeKind.COMPLETED)
    await full.reap_until_done()
    job_id = await full.submit()
    assert all(await kept(full, [job_id, *(run.job_id for run in runs[10:])]))


async def test_a_refused_submit_costs_no_rate_and_remembers_no_key(bench: Harness) -> None:
    await live_jobs(bench)
    limits = replace(LIMITS, rate_per_minute=60, rate_burst=1)
    full = await with_budget(bench, used=FULL)
    await full.reap_until_done()
    limited = replace(bench, store=Store(bench.redis, namespace=bench.namespace, limits=limits, clock=bench.clock))
    key = Idempotency(key="k", route="r", digest="d")
    for _ in range(3):
        with pytest.raises(StoreFull):
            await limited.submit(idempotency=key)
    await bench.store.reap(again=True)  # a budget that is as large as ever
    assert not (await limited.store.create(limited.submission(idempotency=key))).repeated


@pytest.mark.parametrize("budget", [0, 10**12])
async def test_a_servers_own_limit_is_the_budget_where_it_is_the_smaller(bench: Harness, budget: int) -> None:
    jobs = [await finish(bench) for _ in range(15)]
    await bench.redis.config_set("maxmemory", int((await bench.store.server()).memory / 0.93))
    limits = replace(LIMITS, store_max_bytes=budget)
    tight = replace(bench, store=Store(bench.redis, namespace=bench.namespace, limits=limits, clock=bench.clock))
    await tight.reap_until_done()
    there = await kept(tight, jobs)
    assert there == sorted(there)
    assert 0 < there.count(False) < 15


async def test_on_a_server_that_is_full_itself_only_what_can_wait_is_refused(bench: Harness) -> None:
    live = await live_jobs(bench)
    await bench.claim("w2", types=[OTHER.name])
    await bench.redis.config_set("maxmemory", (await bench.store.server()).memory // 2)
    with pytest.raises(StoreFull):
        await bench.submit()
    with pytest.raises(StoreFull):
        await bench.report(live.run, progress=1)
    assert (await bench.renew(runs=[live.run])).verdicts == [Verdict.HELD]
    assert await bench.step(live.run, "plan") is Verdict.HELD
    assert (await bench.settle(live.run, OutcomeKind.COMPLETED, result="1")).verdict is Verdict.HELD
    await bench.store.cancel(live.waiting, caller="ann")
    await bench.store.close_worker(worker="w2", serves=[])
    assert (await bench.store.reap(again=True)).removed == 2
    assert (await bench.store.sweep()).orphans == 0
