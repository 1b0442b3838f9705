"""The sweep: what no index knows any more is removed or found again. Nothing of it should ever be needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codeforge_common.job import Status, new_job_id
from codeforge_common.store import Limits, OutcomeKind
from tests.common.store.checks import PARTS
from tests.common.store.harness import AGENT, Harness, harness
from tests.common.store.snapshot import snapshot
from tests.plugins.redis_server import RedisServer

NewRedis = Callable[..., RedisServer]

PARTS_OF_A_JOB = sorted(PARTS - {""})


async def test_a_sound_store_is_left_alone(bench: Harness) -> None:
    for kind in (OutcomeKind.COMPLETED, OutcomeKind.FAILED, OutcomeKind.CANCELLED):
        run = await bench.start()
        await bench.settle(run, kind, reason="boom")
    await bench.start()
    await bench.submit()
    await bench.submit(delay_ms=1_000)
    before = await bench.redis.dbsize()
    swept = await bench.store.sweep()
    assert (swept.orphans, swept.mended, swept.rings) == (0, 0, {})
    assert await bench.redis.dbsize() == before


async def test_parts_without_a_record_are_removed(bench: Harness) -> None:
    kept = await bench.submit()
    for part in PARTS_OF_A_JOB:
        await bench.redis.set(bench.key("job", new_job_id(), part), "left over")
    swept = await bench.store.sweep()
    assert (swept.orphans, swept.mended) == (len(PARTS_OF_A_JOB), 0)
    keys = {key.decode() async for key in bench.redis.scan_iter(bench.key("job", "*"))}
    assert keys == {bench.key("job", kept), bench.key("job", kept, "body")}
    assert (await bench.store.sweep()).orphans == 0


async def test_more_jobs_than_one_look_takes_are_all_looked_at(bench: Harness) -> None:
    for _ in range(350):
        await bench.redis.set(bench.key("job", new_job_id(), "log"), "left over")
    assert (await bench.store.sweep()).orphans == 350


@pytest.mark.parametrize("ours", ["*", "[a-z]", "?", "\\"])
async def test_another_namespace_is_not_touched_whatever_ours_is_made_of(new_redis: NewRedis, ours: str) -> None:
    url = new_redis().url
    async with harness(url, ours) as bench, harness(url, "a") as other:
        for store in (bench, other):
            await store.redis.set(store.key("job", new_job_id(), "body"), "left over")
        assert (await bench.store.sweep()).orphans == 1
        assert (await other.store.sweep()).orphans == 1


class TestALostIndex:
    async def swept(self, bench: Harness, *lost: str) -> None:
        """Removes the keys and sees that one sweep mends what they knew, and the next has nothing to do."""
        assert await bench.redis.delete(*lost) == len(lost)
        assert (await bench.store.sweep()).mended == 1
        assert (await bench.store.sweep()).mended == 0

    async def test_of_a_users_jobs(self, bench: Harness) -> None:
        job_id = await bench.submit()
        await self.swept(bench, bench.key("jobs", "ann"))
        assert [job.id for job in (await bench.store.page("ann")).jobs] == [job_id]

    async def test_of_what_is_ready(self, bench: Harness) -> None:
        job_id = await bench.submit()
        await bench.renew(free=1)
        await bench.redis.delete(bench.key("ready", AGENT.name, "ann"))
        assert not (await bench.claim(slots=0)).runs
        assert (await bench.store.sweep()).mended == 1
        assert [run.job_id for run in (await bench.claim()).runs] == [job_id]

    async def test_of_what_is_ready_keeps_the_new_place_through_a_hand_back(self, bench: Harness) -> None:
        first, second = await bench.submit(), await bench.submit(priority=10)
        bench.clock.tick(60_000)
        await bench.redis.zrem(bench.key("ready", AGENT.name, "ann"), first)
        assert (await bench.store.sweep()).mended == 1
        runs = (await bench.claim(slots=2)).runs
        assert [run.job_id for run in runs] == [second, first]
        await bench.settle(runs[1], OutcomeKind.HANDED_BACK)
        assert await bench.redis.zscore(bench.key("ready", AGENT.name, "ann"), first) == bench.clock.now

    async def test_of_what_is_ready_rings(self, bench: Harness) -> None:
        await bench.submit()
        await bench.redis.delete(bench.key("ready", AGENT.name, "ann"))
        assert not (await bench.claim()).runs  # what the index doesn't know can't be claimed; the slot stays free
        assert (await bench.store.sweep()).rings == {AGENT.name: 1}

    @pytest.mark.parametrize("lost", [("rotation",), ("rotating",), ("rotation", "rotating")])
    async def test_of_whose_turn_it_is(self, bench: Harness, lost: tuple[str, ...]) -> None:
        jobs = {await bench.submit() for _ in range(2)}
        await bench.redis.delete(*(bench.key(family, AGENT.name) for family in lost))
        await bench.store.sweep()
        assert {run.job_id for run in (await bench.claim(slots=3)).runs} == jobs

    async def test_of_who_is_at_the_cap(self, redis_url: str, namespace: str) -> None:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=1)) as bench:
            run = await bench.start()
            job_id = await bench.submit()
            await self.swept(bench, bench.key("parked"))
            await bench.settle(run, OutcomeKind.COMPLETED)
            assert [run.job_id for run in (await bench.claim()).runs] == [job_id]

    async def test_of_what_is_delayed(self, bench: Harness) -> None:
        job_id = await bench.submit(delay_ms=2_000)
        await self.swept(bench, bench.key("delayed"))
        await bench.let_pass(1)
        assert (await bench.get(job_id)).status is Status.DELAYED
        await bench.let_pass(1)
        assert (await bench.get(job_id)).status is Status.WAITING

    async def test_of_leases(self, bench: Harness) -> None:
        run = await bench.start()
        await self.swept(bench, bench.key("leases"))
        await bench.let_pass(1)
        job = await bench.get(run.job_id)
        assert (job.status, job.crashes) == (Status.WAITING, 1)

    async def test_of_a_living_workers_leases(self, bench: Harness) -> None:
        run = await bench.start()
        await self.swept(bench, bench.key("leases"))
        await bench.renew(runs=[run])
        await bench.let_pass(1)
        assert (await bench.get(run.job_id)).status is Status.ACTIVE

    @pytest.mark.parametrize(
        ("kind", "index", "days"),
        [
            (OutcomeKind.COMPLETED, "completed", 1),
            (OutcomeKind.FAILED, "failed", 7),
            (OutcomeKind.CANCELLED, "failed", 7),
        ],
    )
    async def test_of_what_is_finished(self, bench: Harness, kind: OutcomeKind, index: str, days: int) -> None:
        run = await bench.start()
        await bench.settle(run, kind, reason="boom")
        await self.swept(bench, bench.key("finished", index))
        bench.clock.tick(days * 86_400_000 - 1)
        await bench.reap_until_done()
        assert len((await bench.store.page("ann")).jobs) == 1
        bench.clock.tick(1)
        await bench.reap_until_done()
        assert (await bench.store.page("ann")).jobs == []

    async def test_of_a_users_completed_jobs(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.settle(run, OutcomeKind.COMPLETED)
        await self.swept(bench, bench.key("completed", AGENT.name, "ann"))
        assert (await snapshot(bench.redis, bench.namespace)).list(f"completed:{AGENT.name}:ann") == [run.job_id]


async def test_a_sweep_is_due_once_an_interval_for_whoever_reaps_first(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(sweep_ms=60_000)) as bench:

        async def due_in(seconds: int) -> list[bool]:
            found = []
            for _ in range(seconds):
                bench.clock.tick(1_000)
                found.append((await bench.store.reap()).sweep)
            return found

        assert (await due_in(130)).count(True) == 2
        bench.clock.tick(-30 * 60_000)
        assert (await due_in(70)).count(True) >= 1  # a clock that stepped back puts none off for long
