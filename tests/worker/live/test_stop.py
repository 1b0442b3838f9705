"""A stop burns nothing: jobs end, or are handed back blameless."""

from __future__ import annotations

import signal

import psutil

from codeforge_common.job import JobRecord, Status
from tests.plugins.waiting import wait_until
from tests.worker.live.bench import Bench, lives


def blameless(job: JobRecord) -> bool:
    """Whether the job waits as if it had never run."""
    return (job.status, job.attempts_made, job.crashes) == (Status.WAITING, 0, 0)


async def test_an_idle_worker_stops_at_once(bench: Bench) -> None:
    worker = bench.start_worker()
    worker.signal(signal.SIGTERM)
    assert worker.exit_code(within=5) == 0


async def test_sigint_is_the_same(bench: Bench) -> None:
    worker = bench.start_worker()
    worker.signal(signal.SIGINT)
    assert worker.exit_code(within=5) == 0


async def test_what_runs_may_end_and_nothing_new_is_taken(bench: Bench) -> None:
    worker = bench.start_worker()
    running = await bench.submit("probe_wait")
    await bench.wrote(running, "begin")
    worker.signal(signal.SIGTERM)
    worker.says("stopping")
    late = await bench.submit("probe_wait")
    bench.gate.touch()
    assert worker.exit_code(within=10) == 0
    job = await bench.job(running)
    assert (job.status, job.attempts_made) == (Status.COMPLETED, 1)
    assert blameless(await bench.job(late))
    assert bench.words(late) == []


async def test_after_the_grace_period_runs_are_cancelled_and_handed_back(bench: Bench) -> None:
    worker = bench.start_worker(worker_grace_seconds=0.3)
    waits, blocks = await bench.submit("probe_wait"), await bench.submit("probe_block")
    await bench.wrote(waits, "begin")
    await bench.wrote(blocks, "begin")
    worker.signal(signal.SIGTERM)
    assert worker.exit_code(within=10) == 0
    for job_id in (waits, blocks):
        assert blameless(await bench.job(job_id))
        assert bench.words(job_id) == ["begin", "cancelled"]
    bench.gate.touch()
    bench.start_worker()
    for job_id in (waits, blocks):
        job = await bench.finished(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)


async def test_runs_that_ignore_it_are_handed_back_by_force(bench: Bench) -> None:
    worker = bench.start_worker(worker_grace_seconds=0.1)
    stubborn, mule = await bench.submit("probe_stubborn"), await bench.submit("probe_mule")
    await bench.wrote(stubborn, "begin")
    await bench.wrote(mule, "tick")
    worker.signal(signal.SIGTERM)
    assert worker.exit_code(within=10) == 0
    ticks = bench.words(mule).count("tick")
    assert blameless(await bench.job(stubborn))
    assert blameless(await bench.job(mule))
    bench.gate.touch()
    bench.start_worker()
    assert (await bench.finished(mule)).attempts_made == 1
    assert bench.words(mule).count("tick") == ticks


async def test_sigterm_to_every_process_again_and_again_burns_nothing(bench: Bench) -> None:
    worker = bench.start_worker(worker_concurrency=3)
    jobs = [await bench.submit(job_type) for job_type in ("probe_wait", "probe_block", "probe_mule")]
    for job_id in jobs:
        await bench.wrote(job_id, "begin")
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    assert len(family) >= 6  # the worker, two guards, two children, what one of them started
    for _ in range(3):
        for process in family:
            process.send_signal(signal.SIGTERM)
    worker.says("stopping")
    assert all(map(lives, family))
    bench.gate.touch()
    assert worker.exit_code(within=15) == 0
    for job_id in jobs:
        job = await bench.job(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    wait_until(lambda: not any(map(lives, family)), within=2, what="the end of all")
