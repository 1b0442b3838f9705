"""What people ask of the store: cancel, retry, lists and numbers."""

from __future__ import annotations

import pytest

from codeforge_common.errors import InvalidCursor, JobNotFound, NotInThatState, SecretExpired
from codeforge_common.job import Status
from codeforge_common.store import Limits, OutcomeKind, Report, Served, Verdict
from tests.common.store.harness import AGENT, LEASE, OTHER, Harness, harness


class TestOwnership:
    async def test_another_users_job_is_not_found(self, bench: Harness) -> None:
        job_id = await bench.submit(user="ann")
        with pytest.raises(JobNotFound):
            await bench.store.get(job_id, caller="bob")
        with pytest.raises(JobNotFound):
            await bench.store.cancel(job_id, caller="bob")
        with pytest.raises(JobNotFound):
            await bench.store.retry(job_id, caller="bob", request_id="r")
        assert (await bench.store.get(job_id, caller=None)).id == job_id


class TestCancel:
    @pytest.mark.parametrize("delay", [0, 5_000])
    async def test_what_has_not_begun_is_cancelled_at_once_and_never_runs(self, bench: Harness, delay: int) -> None:
        job_id = await bench.submit(delay_ms=delay)
        changed = await bench.store.cancel(job_id, caller="ann", reason="changed my mind")
        assert changed.status is Status.CANCELLED
        bench.clock.tick(6_000)
        await bench.reap_until_done()
        assert not (await bench.claim()).runs
        job = await bench.store.get(job_id, caller="ann")
        assert job.status is Status.CANCELLED
        assert job.logs[-1].endswith("Cancelled: changed my mind")

    async def test_again_changes_nothing(self, bench: Harness) -> None:
        job_id = await bench.submit()
        for _ in range(2):
            assert (await bench.store.cancel(job_id, caller="ann")).status is Status.CANCELLED
        assert (await bench.store.get(job_id, caller="ann")).seq == 2

    async def test_it_says_once_what_it_brought_to_rest(self, bench: Harness) -> None:
        job_id = await bench.submit()
        said = [(await bench.store.cancel(job_id, caller="ann")).ended for _ in range(2)]
        assert said == [{AGENT.name: {Status.CANCELLED: 1}}, {}]
        running = await bench.start()
        assert (await bench.store.cancel(running.job_id, caller="ann")).ended == {}

    @pytest.mark.parametrize("kind", list(OutcomeKind))
    async def test_a_marked_job_ends_cancelled_whatever_its_run_does(self, bench: Harness, kind: OutcomeKind) -> None:
        run = await bench.start()
        changed = await bench.store.cancel(run.job_id, caller="ann")
        assert (changed.status, changed.cancel_requested) == (Status.ACTIVE, True)
        assert (await bench.renew(runs=[run])).verdicts == [Verdict.CANCELLED]
        settled = await bench.settle(run, kind, reason="x", result='{"pullRequest":1}')
        assert settled.status is Status.CANCELLED

    async def test_what_a_cancelled_run_made_stays_visible(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.store.cancel(run.job_id, caller="ann")
        await bench.settle(run, OutcomeKind.COMPLETED, result='{"pullRequest":1}')
        job = await bench.store.get(run.job_id, caller="ann")
        assert (job.status, job.result) == (Status.CANCELLED, {"pullRequest": 1})

    async def test_a_dead_workers_job_ends_cancelled_when_its_lease_does(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.store.cancel(run.job_id, caller="ann")
        ended = []
        for _ in range(11):
            bench.clock.tick(1_000)
            ended.append((await bench.store.reap()).ended)
        assert (await bench.store.get(run.job_id, caller="ann")).status is Status.CANCELLED
        assert [one for one in ended if one] == [{AGENT.name: {Status.CANCELLED: 1}}]

    async def test_a_completed_job_cannot_be_cancelled(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.settle(run, OutcomeKind.COMPLETED)
        with pytest.raises(NotInThatState) as refused:
            await bench.store.cancel(run.job_id, caller="ann")
        assert refused.value.status == "completed"


class TestRetry:
    async def test_a_failed_job_runs_again_with_its_counters_from_the_start(self, bench: Harness) -> None:
        run = await bench.start(attempts_max=1)
        await bench.settle(run, OutcomeKind.FAILED, reason="no", result='{"partial":1}')
        await bench.store.retry(run.job_id, caller="ann", request_id="r1")
        job = await bench.store.get(run.job_id, caller="ann")
        assert (job.status, job.attempts_made, job.failed_reason, job.result, job.completed_at) == (
            Status.WAITING,
            0,
            None,
            None,
            None,
        )
        (again,) = (await bench.claim()).runs
        assert again.attempt == 1
        assert again.token > run.token

    async def test_no_key_of_a_job_that_runs_again_has_a_lifetime(self, bench: Harness) -> None:
        run = await bench.start(sealed=b"s")
        await bench.settle(run, OutcomeKind.FAILED, reason="no")
        await bench.store.retry(run.job_id, caller="ann", request_id="r1")
        keys = [key async for key in bench.redis.scan_iter(bench.key("job", run.job_id) + "*")]
        assert len(keys) == 5  # record, body, log, secret, timeline
        assert {await bench.redis.pttl(key) for key in keys} == {-1}

    async def test_the_same_request_again_is_one_retry(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.settle(run, OutcomeKind.FAILED, reason="no")
        for _ in range(2):
            await bench.store.retry(run.job_id, caller="ann", request_id="r1")
        assert (await bench.store.get(run.job_id, caller="ann")).seq == 4

    async def test_a_running_job_cannot_be_retried(self, bench: Harness) -> None:
        run = await bench.start()
        with pytest.raises(NotInThatState):
            await bench.store.retry(run.job_id, caller="ann", request_id="r1")

    async def test_without_its_secret_a_retry_needs_a_new_one(self, bench: Harness) -> None:
        run = await bench.start(sealed=b"s")
        await bench.settle(run, OutcomeKind.FAILED, reason="no")
        await bench.redis.delete(bench.key("job", run.job_id, "secret"))
        with pytest.raises(SecretExpired):
            await bench.store.retry(run.job_id, caller="ann", request_id="r1")
        await bench.store.retry(run.job_id, caller="ann", request_id="r2", sealed=b"new")
        (again,) = (await bench.claim()).runs
        assert again.sealed == b"new"


class TestLists:
    async def test_pages_are_newest_first_and_meet_without_gap_or_double(self, bench: Harness) -> None:
        jobs = [await bench.submit() for _ in range(3)]  # all in the same millisecond
        for _ in range(4):
            bench.clock.tick(1)
            jobs.append(await bench.submit())
        seen, cursor = [], None
        while True:
            page = await bench.store.page("ann", limit=2, cursor=cursor)
            seen += [job.id for job in page.jobs]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(jobs)
        assert seen[:4] == jobs[:2:-1]

    async def test_a_page_whose_last_job_has_gone_meanwhile_goes_on(self, bench: Harness) -> None:
        jobs = []
        for _ in range(3):
            bench.clock.tick(1)
            jobs.append(await bench.submit())
        page = await bench.store.page("ann", limit=1)
        await bench.redis.zrem(bench.key("jobs", "ann"), jobs[2])
        rest = await bench.store.page("ann", cursor=page.next_cursor)
        assert [job.id for job in rest.jobs] == [jobs[1], jobs[0]]

    async def test_filters(self, bench: Harness) -> None:
        agent = await bench.submit(session_id="s-2")
        other = await bench.submit(type=OTHER)
        await bench.store.cancel(other, caller="ann")
        assert [job.id for job in (await bench.store.page("ann", type="other_task")).jobs] == [other]
        assert [job.id for job in (await bench.store.page("ann", session_id="s-2")).jobs] == [agent]
        assert [job.id for job in (await bench.store.page("ann", status=Status.CANCELLED)).jobs] == [other]
        assert (await bench.store.page("bob")).jobs == []

    async def test_the_cursor_is_the_logs_position(self, bench: Harness) -> None:
        assert (await bench.store.page("ann")).cursor == "0"
        await bench.submit()
        ((entry, _),) = await bench.entries()
        assert (await bench.store.page("ann")).cursor == entry.decode()

    @pytest.mark.parametrize("cursor", ["", "x", "12", "12-", "-job", "9" * 16 + "-a", "1-" + "a" * 65])
    async def test_a_cursor_that_is_not_ours_is_refused(self, bench: Harness, cursor: str) -> None:
        with pytest.raises(InvalidCursor):
            await bench.store.page("ann", cursor=cursor)

    async def test_a_stream_starts_with_all_unfinished_and_the_newest_others(self, bench: Harness) -> None:
        old = await bench.submit()
        rested = []
        for _ in range(3):
            bench.clock.tick(1)
            rested.append(await bench.submit())
            await bench.store.cancel(rested[-1], caller="ann")
        page = await bench.store.unfinished("ann", newest=2)
        assert [job.id for job in page.jobs] == [rested[2], rested[1], old]

    async def test_it_finds_the_unfinished_behind_however_many_others(self, bench: Harness) -> None:
        open_jobs = [await bench.submit() for _ in range(2)]
        for _ in range(1_100):
            await bench.store.cancel(await bench.submit(), caller="ann")
        open_jobs.insert(0, await bench.submit())
        found = [job.id for job in (await bench.store.unfinished("ann", newest=3)).jobs]
        assert (found[0], found[4:], len(found)) == (open_jobs[0], [open_jobs[2], open_jobs[1]], 6)


async def test_a_streams_start_reads_no_data_and_ten_lines(bench: Harness) -> None:
    run = await bench.start(user_message="m" * 500_000)
    lines = [str(number) for number in range(30)]
    await bench.store.report(worker="w1", reports=[Report(job_id=run.job_id, token=run.token, number=1, lines=lines)])
    (job,) = (await bench.store.unfinished("ann")).jobs
    assert job.title == "m" * 200
    assert "userMessage" not in job.data
    assert job.logs == lines[-10:]


async def test_a_page_ends_early_when_it_grows_heavy(bench: Harness) -> None:
    for _ in range(8):
        await bench.submit(user_message="m" * 1_000_000)
    first = await bench.store.page("ann")
    assert 4 <= len(first.jobs) < 8
    rest = await bench.store.page("ann", cursor=first.next_cursor)
    assert len(first.jobs) + len(rest.jobs) == 8


async def test_the_cluster_at_a_glance(bench: Harness) -> None:
    await bench.start()
    await bench.submit()
    bench.clock.tick(1_500)
    await bench.renew()
    state = await bench.store.cluster()
    agent, other = state.types
    assert (agent.type, other.type) == (AGENT.name, OTHER.name)
    assert (agent.counts[Status.WAITING], agent.counts[Status.ACTIVE], agent.counts[Status.FAILED]) == (1, 1, 0)
    assert (agent.oldest_waiting_ms, other.oldest_waiting_ms) == (1_500, 0)
    assert (agent.workers, other.workers, state.workers_alive) == (1, 0, 1)
    await bench.renew("w2", types=[OTHER.name])
    await bench.store.close_worker(worker="w1", serves=[Served(type=AGENT.name, lease_ms=LEASE)])
    state = await bench.store.cluster()
    assert ([one.workers for one in state.types], state.workers_alive) == ([0, 1], 1)
    bench.clock.tick(3_000)
    assert (await bench.store.cluster()).workers_alive == 0


class TestOldestWaiting:
    async def oldest(self, bench: Harness) -> int:
        agent, _ = (await bench.store.cluster()).types
        return agent.oldest_waiting_ms

    async def test_it_need_not_be_whose_turn_is_next(self, bench: Harness) -> None:
        for user in ("ann", "bob", "bob", "ann"):
            await bench.submit(user=user)
            bench.clock.tick(100)
        assert await self.oldest(bench) == 400
        await bench.claim(slots=2)
        assert await self.oldest(bench) == 200  # the second of bob's, and the turn is ann's

    async def test_it_may_be_of_a_user_at_the_cap(self, redis_url: str, namespace: str) -> None:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=1)) as bench:
            await bench.start(user="ann")
            for user in ("ann", "bob"):
                await bench.submit(user=user)
                bench.clock.tick(100)
            assert await self.oldest(bench) == 200

    async def test_it_may_stand_behind_others_that_had_a_head_start(self, bench: Harness) -> None:
        await bench.submit()
        bench.clock.tick(100)
        for _ in range(2):
            await bench.submit(priority=60)
            bench.clock.tick(100)
        assert await self.oldest(bench) == 300

    async def test_a_head_start_makes_nothing_older(self, bench: Harness) -> None:
        await bench.submit(priority=60)
        bench.clock.tick(100)
        assert await self.oldest(bench) == 100
