"""Priority: a bounded head start among a user's own jobs of a type."""

from __future__ import annotations

import pytest

from codeforge_common.store import OutcomeKind
from tests.common.store.harness import START, Harness


async def claimed(bench: Harness, count: int) -> list[str]:
    return [run.job_id for run in (await bench.claim(slots=count)).runs]


async def test_a_head_start_is_as_if_the_job_had_come_so_much_earlier(bench: Harness) -> None:
    early = await bench.submit()
    bench.clock.tick(5_001)
    late = await bench.submit()
    bench.clock.tick(4_000)
    urgent = await bench.submit(priority=5)
    assert await claimed(bench, 3) == [early, urgent, late]


async def test_a_greater_one_goes_before_a_smaller_one(bench: Harness) -> None:
    jobs = {priority: await bench.submit(priority=priority) for priority in (0, 10, 3)}
    assert await claimed(bench, 3) == [jobs[10], jobs[3], jobs[0]]


async def test_nothing_starves_under_a_stream_of_urgent_jobs(bench: Harness) -> None:
    plain = await bench.submit()
    for _ in range(10):
        await bench.submit(priority=5)
    order = []
    while plain not in order:  # one comes, one goes: the urgent ones are never done with
        bench.clock.tick(1_000)
        await bench.submit(priority=5)
        order += await claimed(bench, 1)
        (run,) = (await bench.claim_again()).runs
        await bench.settle(run, OutcomeKind.COMPLETED)
        assert len(order) < 50, "a plain job starves"
    urgent_before = order.index(plain)
    assert 10 <= urgent_before <= 10 + 5  # those that were there, and those that came within the head start


async def test_between_users_it_counts_nothing(bench: Harness) -> None:
    ann = await bench.submit(user="ann")
    bob = [await bench.submit(user="bob", priority=3_600) for _ in range(2)]
    assert await claimed(bench, 3) == [ann, *bob]


async def test_a_delayed_jobs_head_start_counts_from_when_it_is_due(bench: Harness) -> None:
    urgent = await bench.submit(priority=2, delay_ms=10_000)
    bench.clock.tick(7_000)
    before = await bench.submit()
    bench.clock.tick(2_000)
    after = await bench.submit()
    bench.clock.tick(1_000)
    await bench.reap_until_done()
    assert await claimed(bench, 3) == [before, urgent, after]


async def test_run_at_and_delay_take_the_later_one(bench: Harness) -> None:
    jobs = [
        await bench.submit(run_at=START + 3_000),
        await bench.submit(run_at=START + 3_000, delay_ms=5_000),
        await bench.submit(run_at=START - 1, delay_ms=1_000),
        await bench.submit(run_at=START),
    ]
    assert [(await bench.get(job_id)).run_at for job_id in jobs] == [START + 3_000, START + 5_000, START + 1_000, None]
    assert await claimed(bench, 4) == [jobs[3]]


async def test_a_record_tells_its_priority(bench: Harness) -> None:
    assert (await bench.get(await bench.submit(priority=7))).priority == 7
    assert (await bench.get(await bench.submit())).priority == 0


@pytest.mark.parametrize("kind", [OutcomeKind.RETRY, OutcomeKind.FAILED])
async def test_a_retry_has_its_head_start_again_from_now_on(bench: Harness, kind: OutcomeKind) -> None:
    run = await bench.start(priority=2)
    others = [await bench.submit()]
    bench.clock.tick(2_000)
    others.append(await bench.submit())
    bench.clock.tick(1_000)
    await bench.settle(run, kind, reason="boom")
    if kind is OutcomeKind.FAILED:
        await bench.store.retry(run.job_id, caller="ann", request_id="r")
    assert await claimed(bench, 3) == [others[0], run.job_id, others[1]]


@pytest.mark.parametrize("crash", [True, False])
async def test_what_comes_back_without_blame_keeps_the_place_that_it_had(bench: Harness, crash: bool) -> None:
    first = await bench.submit(priority=2)
    bench.clock.tick(1_000)
    second = await bench.submit(priority=2)
    (run,) = (await bench.claim()).runs
    assert run.job_id == first
    if crash:
        await bench.let_pass(11)
    else:
        bench.clock.tick(60_000)
        await bench.settle(run, OutcomeKind.HANDED_BACK)
    assert await claimed(bench, 2) == [first, second]
