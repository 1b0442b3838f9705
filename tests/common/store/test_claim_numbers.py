"""A lost or late answer of a claim neither strands a job nor takes one twice."""

from __future__ import annotations

from codeforge_common.store import OutcomeKind
from tests.common.store.harness import Harness


async def test_the_same_number_again_answers_the_leases_that_it_took(bench: Harness) -> None:
    jobs = {await bench.submit() for _ in range(3)}
    taken = (await bench.claim(slots=2)).runs
    again = (await bench.claim_again(slots=2)).runs
    assert {(run.job_id, run.token) for run in again} == {(run.job_id, run.token) for run in taken}
    assert len(jobs - {run.job_id for run in again}) == 1


async def test_a_run_that_ended_meanwhile_is_not_answered_again(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.COMPLETED)
    assert not (await bench.claim_again(slots=1)).runs


async def test_a_late_claim_with_an_old_number_takes_nothing(bench: Harness) -> None:
    await bench.claim(slots=1)
    await bench.claim(slots=1)
    await bench.submit()
    assert not (await bench.claim_again(slots=1, number=1)).runs
    assert len((await bench.claim(slots=1)).runs) == 1


async def test_numbers_are_a_workers_own(bench: Harness) -> None:
    for _ in range(3):
        await bench.claim("w1")
    await bench.submit()
    assert len((await bench.claim("w2")).runs) == 1


async def test_a_worker_that_renews_is_remembered_however_long_it_claims_nothing(bench: Harness) -> None:
    await bench.start()
    await bench.redis.expire(bench.key("worker", "w1"), 10)  # a day less ten seconds of work on one job
    assert (await bench.renew()).seen == 1
    assert await bench.redis.ttl(bench.key("worker", "w1")) > 86_000
