"""The reaper's rounds: what they rescue, what they leave alone, and who may call them."""

from __future__ import annotations

from codeforge_common.job import Status
from codeforge_common.store import Limits, OutcomeKind, Served
from tests.common.store.harness import LEASE, Harness, harness

DAY = 86_400_000


async def test_a_second_call_within_half_a_second_does_nothing(bench: Harness) -> None:
    bench.clock.tick(499)
    assert (await bench.store.reap()).skipped
    bench.clock.tick(1)
    assert not (await bench.store.reap()).skipped


async def test_a_due_job_waits_and_only_once(bench: Harness) -> None:
    job_id = await bench.submit(delay_ms=1_000)
    bench.clock.tick(999)
    assert (await bench.store.reap()).promoted == 0
    bench.clock.tick(1)
    assert (await bench.store.reap(again=True)).promoted == 1
    assert (await bench.store.reap(again=True)).promoted == 0
    assert (await bench.store.get(job_id, caller="ann")).status is Status.WAITING


async def test_after_an_outage_a_living_worker_keeps_its_job(bench: Harness) -> None:
    run = await bench.start()
    bench.clock.tick(60_000)  # the server was away: nobody could renew
    first = await bench.store.reap()
    assert (first.crashed, first.more) == ({}, True)
    await bench.reap_until_done()
    assert (await bench.renew(runs=[run])).verdicts == ["held"]


async def test_after_an_outage_a_lease_longer_than_the_usual_one_is_not_shortened(bench: Harness) -> None:
    await bench.submit()
    await bench.claim(serves=[Served(type="agent_task", lease_ms=60_000)])
    bench.clock.tick(5_000)
    await bench.reap_until_done()
    for _ in range(54):
        bench.clock.tick(1_000)
        assert (await bench.store.reap()).crashed == {}


async def test_after_an_outage_a_dead_workers_job_is_taken_when_its_lease_has_run_out_again(bench: Harness) -> None:
    await bench.start()
    bench.clock.tick(60_000)
    await bench.reap_until_done()
    crashed = []
    for _ in range(LEASE // 1_000):
        bench.clock.tick(1_000)
        crashed.append((await bench.store.reap()).crashed)
    assert crashed == [{}] * 9 + [{"agent_task": 1}]


async def test_a_clock_that_stepped_back_takes_no_lease_and_leaves_none_for_ever(bench: Harness) -> None:
    await bench.start()
    bench.clock.tick(-3_600_000)
    await bench.reap_until_done()
    for _ in range(9):
        bench.clock.tick(1_000)
        assert (await bench.store.reap()).crashed == {}
    bench.clock.tick(1_000)
    assert (await bench.store.reap()).crashed == {"agent_task": 1}


async def test_more_than_a_rounds_bound_is_done_in_several(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_waiting=0)) as bench:
        for _ in range(150):
            await bench.submit(delay_ms=1_000)
        bench.clock.tick(1_000)
        rounds = [await bench.store.reap()]
        while rounds[-1].more:
            rounds.append(await bench.store.reap(again=True))
        assert len(rounds) > 1
        assert max(done.promoted for done in rounds) <= 100
        assert sum(done.promoted for done in rounds) == 150


async def test_a_record_goes_at_its_age_with_all_its_keys(bench: Harness) -> None:
    done = await bench.start(sealed=b"s")
    await bench.settle(done, OutcomeKind.COMPLETED, result="1", abridged="2")
    failed = await bench.start(sealed=b"s")
    await bench.settle(failed, OutcomeKind.FAILED, reason="no")
    bench.clock.tick(DAY)
    await bench.reap_until_done()
    assert [job.id for job in (await bench.store.page("ann")).jobs] == [failed.job_id]
    assert not [key async for key in bench.redis.scan_iter(bench.key("job", done.job_id) + "*")]
    bench.clock.tick(6 * DAY)
    await bench.reap_until_done()
    assert (await bench.store.page("ann")).jobs == []
    assert not await bench.redis.exists(bench.key("counts", "agent_task"), bench.key("jobs", "ann"))


async def test_a_record_whose_round_was_never_called_does_not_go_by_itself(bench: Harness) -> None:
    """Keys that ran out would leave their counters and indexes behind: only the round removes a job, and all of it."""
    run = await bench.start(sealed=b"s")
    await bench.settle(run, OutcomeKind.FAILED, reason="no", result="1")
    keys = [key async for key in bench.redis.scan_iter(bench.key("job", run.job_id) + "*")]
    lifetimes = {key.rpartition(b":")[2]: await bench.redis.pttl(key) for key in keys}
    assert lifetimes.pop(b"secret") > 0
    assert set(lifetimes.values()) == {-1}


async def test_a_job_that_is_not_finished_is_never_removed(bench: Harness) -> None:
    waiting = await bench.submit()
    for _ in range(3):
        bench.clock.tick(30 * DAY)
        await bench.reap_until_done()
    assert (await bench.store.get(waiting, caller="ann")).status is Status.WAITING


async def test_of_many_completed_jobs_the_newest_stay_and_all_that_are_young(redis_url: str, namespace: str) -> None:
    limits = Limits(rate_per_minute=0, retention_completed_count=2)
    async with harness(redis_url, namespace, limits=limits) as bench:

        async def complete(*, user: str = "ann") -> str:
            run = await bench.start(user=user)
            await bench.settle(run, OutcomeKind.COMPLETED)
            await bench.reap_until_done()
            return run.job_id

        old = [await complete() for _ in range(3)]
        await complete(user="bob")
        assert len((await bench.store.page("ann")).jobs) == 3  # over the count, but younger than an hour
        bench.clock.tick(3_600_000)
        new = await complete()
        assert [job.id for job in (await bench.store.page("ann")).jobs] == [new, old[2]]
        assert len((await bench.store.page("bob")).jobs) == 1


async def test_a_type_that_nobody_served_for_a_week_is_forgotten_once_it_has_no_job(bench: Harness) -> None:
    job_id = await bench.submit()
    bench.clock.tick(8 * DAY)
    await bench.reap_until_done()
    assert set(await bench.store.types()) == {"agent_task"}
    await bench.store.cancel(job_id, caller="ann")
    bench.clock.tick(7 * DAY + 1)
    await bench.reap_until_done()
    bench.clock.tick(7 * DAY + 1)
    await bench.reap_until_done()
    assert await bench.store.types() == {}


class TestEventLog:
    async def test_heads_go_when_the_log_is_over_its_bytes(self, redis_url: str, namespace: str) -> None:
        limits = Limits(rate_per_minute=0, event_log_max_bytes=4_096)
        async with harness(redis_url, namespace, limits=limits) as bench:
            for _ in range(50):
                await bench.submit()
            entries = await bench.entries()
            kept = int(entries[-1][1][b"at"]) - int(entries[0][1][b"at"])
            assert kept <= 4_096
            assert len(entries) < 25
            numbers = [int(entry[b"n"]) for _, entry in entries]
            assert numbers == list(range(numbers[0], 51))

    async def test_heads_go_at_their_age(self, redis_url: str, namespace: str) -> None:
        # Entries are stamped by the server's clock, so the simulated one is moved far ahead of it.
        async with harness(redis_url, namespace) as bench:
            for _ in range(3):
                await bench.submit()
            bench.clock.now = 4_000_000_000_000
            await bench.reap_until_done()
            ((_, entry),) = await bench.entries()
            assert entry[b"n"] == b"3"  # the newest stays: by it readers know where the log stands

    async def test_one_entry_over_the_bytes_stays_until_the_next(self, redis_url: str, namespace: str) -> None:
        limits = Limits(rate_per_minute=0, event_log_max_bytes=100)
        async with harness(redis_url, namespace, limits=limits) as bench:
            for number in (b"1", b"2"):
                await bench.submit()
                ((_, entry),) = await bench.entries()
                assert entry[b"n"] == number
