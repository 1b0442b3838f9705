"""Where a waiting job stands: its place among its user's, and about how many come first."""

from __future__ import annotations

import pytest

from codeforge_common.store import Limits, OutcomeKind
from tests.common.store.harness import OTHER, Harness, harness

Standing = tuple[int | None, int | None]


async def standing(bench: Harness, job_id: str) -> Standing:
    job = await bench.get(job_id)
    return job.position, job.ahead


async def test_alone_nothing_is_ahead(bench: Harness) -> None:
    assert await standing(bench, await bench.submit()) == (1, 0)


async def test_ahead_are_the_users_own_and_one_of_each_users_for_each_turn(bench: Harness) -> None:
    jobs = [await bench.submit(user="ann") for _ in range(3)]
    for user in ("bob", "cy"):
        await bench.submit(user=user)
    assert [await standing(bench, job) for job in jobs] == [(1, 2), (2, 5), (3, 8)]


async def test_other_types_are_not_in_the_way(bench: Harness) -> None:
    await bench.submit(type=OTHER)
    assert await standing(bench, await bench.submit()) == (1, 0)


async def test_a_head_start_shows(bench: Harness) -> None:
    plain = await bench.submit()
    urgent = await bench.submit(priority=5)
    assert await standing(bench, urgent) == (1, 0)
    assert await standing(bench, plain) == (2, 1)


async def test_a_claim_moves_the_others_up(bench: Harness) -> None:
    first, second = await bench.submit(), await bench.submit()
    await bench.claim()
    assert await standing(bench, first) == (None, None)
    assert await standing(bench, second) == (1, 0)


async def test_a_user_at_the_cap_counts_for_themselves_only(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, user_max_running=1)) as bench:
        await bench.start(user="ann")
        capped = await bench.submit(user="ann")
        free = await bench.submit(user="bob")
        assert await standing(bench, free) == (1, 0)  # ann is out of the rotation and holds up nobody
        assert await standing(bench, capped) == (1, 1)


@pytest.mark.parametrize("end", [OutcomeKind.COMPLETED, OutcomeKind.FAILED])
async def test_only_what_waits_stands_anywhere(bench: Harness, end: OutcomeKind) -> None:
    delayed = await bench.submit(delay_ms=1_000)
    assert await standing(bench, delayed) == (None, None)
    run = await bench.start()
    assert await standing(bench, run.job_id) == (None, None)
    await bench.settle(run, end, reason="boom")
    assert await standing(bench, run.job_id) == (None, None)


async def test_lists_leave_it_out(bench: Harness) -> None:
    await bench.submit()
    (job,) = (await bench.store.page("ann")).jobs
    assert (job.position, job.ahead) == (None, None)
