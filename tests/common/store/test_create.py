"""Submit: what guards the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from codeforge_common.errors import (
    IdempotencyConflict,
    JobTypesOutdated,
    RateLimited,
    TooManyWaiting,
    UnknownJobType,
)
from codeforge_common.job import JobType, Status
from codeforge_common.store import Idempotency, Limits, OutcomeKind
from tests.common.store.harness import Harness, harness


def key(digest: str = "d1") -> Idempotency:
    return Idempotency(key="k", route="/api/jobs/agent-task", digest=digest)


async def test_data_may_be_nested_as_deep_as_the_gateway_lets_in(bench: Harness) -> None:
    deep: dict[str, Any] = {}
    for _ in range(250):
        deep = {"in": deep}
    job_id = await bench.submit(context=deep)
    (run,) = (await bench.claim()).runs
    assert run.data["context"] == (await bench.get(job_id)).data["context"] == deep


async def test_a_submitted_job_waits_and_says_so(bench: Harness) -> None:
    job_id = await bench.submit(context={"repository": "a/b"}, agent_type="analyze")
    job = await bench.store.get(job_id, caller="ann")
    assert (job.status, job.attempts_made, job.seq, job.title) == (Status.WAITING, 0, 1, "Translate my readme")
    assert job.data == {
        "userId": "ann",
        "sessionId": "s-1",
        "userMessage": "Translate my readme",
        "agentType": "analyze",
        "context": {"repository": "a/b"},
    }
    assert [update["status"] for update in await bench.updates(job_id)] == ["waiting"]


async def test_the_title_is_cut_at_200_characters(bench: Harness) -> None:
    job_id = await bench.submit(user_message="ế" * 201)
    assert (await bench.store.get(job_id, caller="ann")).title == "ế" * 200


async def test_text_that_is_no_valid_unicode_does_no_harm(bench: Harness) -> None:
    job_id = await bench.submit(user_message='a\ud800 "quoted"\n\t\\ line', context={"k": ["\x00", "/"]})
    job = await bench.store.get(job_id, caller="ann")
    assert job.data["userMessage"] == 'a? "quoted"\n\t\\ line'
    assert job.data["context"] == {"k": ["\x00", "/"]}
    assert (await bench.updates(job_id))[0]["title"] == 'a? "quoted"\n\t\\ line'


async def test_the_same_key_and_body_give_the_same_job(bench: Harness) -> None:
    first = await bench.store.create(bench.submission(idempotency=key()))
    again = await bench.store.create(bench.submission(idempotency=key()))
    assert (again.job_id, again.repeated) == (first.job_id, True)


async def test_a_key_is_remembered_for_a_day_from_the_first_submit_on(bench: Harness) -> None:
    await bench.submit(idempotency=key())
    (kept,) = [kept async for kept in bench.redis.scan_iter(bench.key("idempotency", "*"))]
    assert 86_000_000 < await bench.redis.pttl(kept) <= 86_400_000
    await bench.redis.pexpire(kept, 3_600_000)
    await bench.submit(idempotency=key())
    assert 0 < await bench.redis.pttl(kept) <= 3_600_000


async def test_the_same_key_with_another_body_is_refused(bench: Harness) -> None:
    await bench.submit(idempotency=key())
    with pytest.raises(IdempotencyConflict):
        await bench.submit(idempotency=key("d2"))


async def test_keys_are_apart_by_user_and_route(bench: Harness) -> None:
    first = await bench.submit(idempotency=key())
    other_user = await bench.submit(idempotency=key(), user="bob")
    other_route = await bench.submit(idempotency=Idempotency(key="k", route="/api/chat", digest="d1"))
    assert len({first, other_user, other_route}) == 3


async def test_an_unknown_type_is_refused(bench: Harness) -> None:
    with pytest.raises(UnknownJobType):
        await bench.submit(type=JobType(name="nobody_serves_this"))


async def test_a_submit_checked_against_an_old_announcement_is_refused(bench: Harness) -> None:
    await bench.store.announce([JobType(name="agent_task", secret_fields=("context.password",))])
    with pytest.raises(JobTypesOutdated):
        await bench.submit()


class TestRate:
    @pytest.fixture
    async def bench(self, redis_url: str, namespace: str) -> AsyncIterator[Harness]:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=60, rate_burst=3)) as made:
            yield made

    async def test_a_burst_is_taken_and_one_more_is_not(self, bench: Harness) -> None:
        for left in (2, 1, 0):
            accepted = await bench.store.create(bench.submission())
            assert accepted.rate is not None
            assert accepted.rate.remaining == left
        with pytest.raises(RateLimited) as refused:
            await bench.submit()
        assert refused.value.retry_after == 1.0

    async def test_one_more_comes_with_time(self, bench: Harness) -> None:
        for _ in range(3):
            await bench.submit()
        bench.clock.tick(999)
        with pytest.raises(RateLimited):
            await bench.submit()
        bench.clock.tick(1)
        await bench.submit()

    async def test_a_repeat_costs_no_rate(self, bench: Harness) -> None:
        for _ in range(10):
            await bench.store.create(bench.submission(idempotency=key()))
        await bench.submit()
        await bench.submit()

    async def test_each_user_has_a_rate_of_their_own(self, bench: Harness) -> None:
        for user in ("ann", "bob", "cy"):
            for _ in range(3):
                await bench.submit(user=user)

    async def test_a_clock_that_stepped_back_locks_nobody_out(self, bench: Harness) -> None:
        for _ in range(3):
            await bench.submit()
        bench.clock.tick(-3_600_000)
        await bench.submit()

    async def test_a_refused_submit_is_not_remembered(self, bench: Harness) -> None:
        for _ in range(3):
            await bench.submit()
        with pytest.raises(RateLimited):
            await bench.submit(idempotency=key())
        bench.clock.tick(1_000)
        assert not (await bench.store.create(bench.submission(idempotency=key()))).repeated


async def test_over_the_waiting_cap_a_submit_is_refused_until_one_runs(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_waiting=2)) as bench:
        await bench.submit()
        await bench.submit(delay_ms=1_000)
        with pytest.raises(TooManyWaiting):
            await bench.submit()
        await bench.submit(user="bob")
        await bench.claim(slots=1)
        await bench.submit()


async def test_what_comes_back_may_pass_the_waiting_cap_and_a_submit_then_may_not(
    redis_url: str, namespace: str
) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_waiting=2)) as bench:
        run = await bench.start()
        for _ in range(2):
            await bench.submit()
        await bench.settle(run, OutcomeKind.HANDED_BACK)
        for _ in range(2):
            with pytest.raises(TooManyWaiting) as refused:
                await bench.submit()
            assert refused.value.retry_after == 1.0
            await bench.claim(slots=1)
        await bench.submit()


async def test_without_a_waiting_cap_as_many_wait_as_come(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_waiting=0)) as bench:
        for _ in range(20):
            await bench.submit()
