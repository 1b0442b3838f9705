"""A finish that comes again or late: `done` to the run that ended by its own word, `fenced` to every other."""

from __future__ import annotations

import pytest

from codeforge_common.job import Status
from codeforge_common.store import OutcomeKind, Run, Settled, Verdict
from tests.common.store.harness import Harness


async def crash(bench: Harness) -> None:
    await bench.let_pass(11)


async def again(bench: Harness, run: Run, *, worker: str = "w1") -> Verdict:
    settled: Settled = await bench.settle(run, OutcomeKind.COMPLETED, worker=worker)
    return settled.verdict


@pytest.mark.parametrize("kind", [OutcomeKind.HANDED_BACK, OutcomeKind.RETRY])
async def test_a_run_that_ended_is_recognised_while_the_next_runs_and_after_it_ended(
    bench: Harness, kind: OutcomeKind
) -> None:
    run = await bench.start()
    await bench.settle(run, kind, reason="boom")
    assert await again(bench, run) is Verdict.DONE
    (later,) = (await bench.claim("w2")).runs
    assert await again(bench, run) is Verdict.DONE
    await bench.settle(later, OutcomeKind.COMPLETED, worker="w2")
    assert await again(bench, run) is Verdict.DONE
    assert await again(bench, later, worker="w2") is Verdict.DONE


async def test_it_is_recognised_after_a_retry_by_hand(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.FAILED, reason="boom")
    await bench.store.retry(run.job_id, caller="ann", request_id="r")
    assert await again(bench, run) is Verdict.DONE
    await bench.claim("w2")
    assert await again(bench, run) is Verdict.DONE


async def test_it_is_recognised_after_a_crash_of_the_next(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    await bench.claim("w2")
    await crash(bench)
    assert await again(bench, run) is Verdict.DONE
    await bench.claim("w3")
    assert await again(bench, run) is Verdict.DONE


@pytest.mark.parametrize("cancelled", [True, False])
async def test_a_run_whose_lease_was_taken_is_fenced_whatever_followed(bench: Harness, cancelled: bool) -> None:
    run = await bench.start()
    if cancelled:
        await bench.store.cancel(run.job_id, caller="ann")
    await crash(bench)
    assert (await bench.get(run.job_id)).status is (Status.CANCELLED if cancelled else Status.WAITING)
    assert await again(bench, run) is Verdict.FENCED
    await bench.claim("w2")
    assert await again(bench, run) is Verdict.FENCED


async def test_only_the_worker_that_ran_it_and_only_by_its_token(bench: Harness) -> None:
    lost = await bench.start()
    await crash(bench)
    (run,) = (await bench.claim("w1")).runs
    await bench.settle(run, OutcomeKind.COMPLETED)
    assert await again(bench, run) is Verdict.DONE
    assert await again(bench, run, worker="w2") is Verdict.FENCED
    assert await again(bench, lost) is Verdict.FENCED
