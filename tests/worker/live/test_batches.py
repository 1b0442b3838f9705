"""Batches: one call and one slot for several jobs, each with a fate of its own."""

from __future__ import annotations

import signal

import pytest

from codeforge_common.job import Status
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import Bench


async def announce(bench: Bench) -> None:
    """So that jobs can be submitted before the worker of the test comes."""
    async with bench.worker():
        pass


async def test_waiting_jobs_are_taken_together_and_fill_one_slot(bench: Bench) -> None:
    await announce(bench)
    jobs = [await bench.submit("probe_batch", user=f"user-{number}") for number in range(6)]
    async with bench.worker(worker_concurrency=2) as worker:
        for job_id in jobs:
            await bench.wrote(job_id, "with-4" if job_id in jobs[:4] else "with-2")
        bench.gate.touch()
        for job_id in jobs:
            job = await bench.finished(job_id)
            assert (job.status, job.result, job.attempts_made) == (Status.COMPLETED, {"attempt": 1}, 1)
        assert worker.count("job_run_seconds_count", type="probe_batch", outcome="completed") == 6
        spans = {(span.attributes or {})["messaging.message.id"] for span in worker.spans.get_finished_spans()}
        assert spans == set(jobs)


async def test_each_job_has_its_own_outcome(bench: Bench) -> None:
    await announce(bench)
    done, fail, retry, error = [
        await bench.submit("probe_batch", answer=answer) for answer in ("done", "fail", "retry", "raise")
    ]
    bench.gate.touch()
    async with bench.worker():
        assert (await bench.finished(done)).status is Status.COMPLETED
        failed = await bench.finished(fail)
        assert (failed.status, failed.failed_reason) == (Status.FAILED, "no_such_thing: There is no such thing.")
        for job_id in (retry, error):
            job = await bench.finished(job_id)
            assert (job.status, job.result, job.attempts_made) == (Status.COMPLETED, {"attempt": 2}, 2)


async def test_one_that_is_cancelled_ends_so_with_its_batch(bench: Bench) -> None:
    await announce(bench)
    jobs = [await bench.submit("probe_batch") for _ in range(3)]
    async with bench.worker(worker_concurrency=1) as worker:
        for job_id in jobs:
            await bench.wrote(job_id, "with-3")
        await bench.store.cancel(jobs[1], caller=None)
        renewals = worker.count("store_calls_seconds_count", script="renew")
        await wait_for(
            lambda: worker.count("store_calls_seconds_count", script="renew") >= renewals + 2,
            within=30,
            what="a renewal that tells of it",
        )
        bench.gate.touch()
        ends = [(await bench.finished(job_id)).status for job_id in jobs]
        assert ends == [Status.COMPLETED, Status.CANCELLED, Status.COMPLETED]
        assert (await bench.job(jobs[1])).result == {"attempt": 1}


async def test_when_all_are_cancelled_the_call_is(bench: Bench) -> None:
    await announce(bench)
    jobs = [await bench.submit("probe_batch") for _ in range(2)]
    async with bench.worker():
        for job_id in jobs:
            await bench.wrote(job_id, "with-2")
        for job_id in jobs:
            await bench.store.cancel(job_id, caller=None)
        for job_id in jobs:
            assert (await bench.finished(job_id)).status is Status.CANCELLED


@pytest.mark.parametrize(("number", "crashes"), [(signal.SIGKILL, 1), (signal.SIGTERM, 0)])
async def test_a_worker_that_goes_leaves_every_job_to_another(
    bench: Bench, number: signal.Signals, crashes: int
) -> None:
    await announce(bench)
    jobs = [await bench.submit("probe_batch") for _ in range(3)]
    worker = bench.start_worker(worker_grace_seconds=0.1)
    for job_id in jobs:
        await bench.wrote(job_id, "with-3")
    worker.signal(number)
    worker.exit_code(within=30)
    bench.gate.touch()
    async with bench.worker():
        for job_id in jobs:
            job = await bench.finished(job_id, within=30)
            assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, crashes)


async def test_few_jobs_wait_for_others_and_a_full_batch_for_nobody(bench: Bench) -> None:
    async with bench.worker(worker_idle_poll_seconds=0.1) as worker:
        jobs = [await bench.submit("probe_gather") for _ in range(2)]
        claims = worker.count("store_calls_seconds_count", script="claim")
        await wait_for(
            lambda: worker.count("store_calls_seconds_count", script="claim") >= claims + 3,
            within=30,
            what="claims that take nothing",
        )
        assert [(await bench.job(job_id)).status for job_id in jobs] == [Status.WAITING] * 2
        jobs.append(await bench.submit("probe_gather"))
        assert [(await bench.finished(job_id)).result for job_id in jobs] == [3] * 3
