"""kill -9: nothing outlives the worker, and its jobs run again."""

from __future__ import annotations

import signal
import time

import psutil
import pytest

from codeforge_common.job import Status
from tests.plugins.waiting import wait_until
from tests.worker.live.bench import Bench, lives

LEASE_SECONDS = 3


async def test_whatever_a_worker_started_is_gone_within_a_second(bench: Bench) -> None:
    worker = bench.start_worker()
    mule = await bench.submit("probe_mule")
    await bench.wrote(mule, "tick")
    family = psutil.Process(worker.pid).children(recursive=True)
    assert len(family) >= 3
    worker.signal(signal.SIGKILL)
    wait_until(lambda: not any(map(lives, family)), within=1, what="the end of all that it started")


async def test_a_guard_that_is_killed_takes_its_run_along_and_the_job_goes_on(bench: Bench) -> None:
    worker = bench.start_worker()
    mule = await bench.submit("probe_mule")
    await bench.wrote(mule, "tick")
    (guard,) = psutil.Process(worker.pid).children()
    family = guard.children(recursive=True)
    assert len(family) >= 2
    guard.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(lives, family)), within=1, what="the end of all that it guarded")
    await bench.wrote(mule, "begin", times=2)
    bench.gate.touch()
    job = await bench.finished(mule)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 2, 0)


@pytest.mark.slow
async def test_a_lost_worker_s_job_runs_again_within_lease_and_five_seconds(bench: Bench) -> None:
    first = bench.start_worker()
    job_id = await bench.submit("probe_wait")
    await bench.wrote(job_id, "begin")
    bench.start_worker(worker_concurrency=1)
    first.signal(signal.SIGKILL)
    killed = time.monotonic()
    await bench.wrote(job_id, "begin", times=2, within=LEASE_SECONDS + 5)
    assert time.monotonic() - killed > 1  # it didn't lose it before
    bench.gate.touch()
    job = await bench.finished(job_id)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 1)
    assert any(line.endswith("Worker lost, waiting for another") for line in job.logs)


@pytest.mark.slow
async def test_a_job_that_takes_its_workers_along_fails_as_poison(bench: Bench) -> None:
    worker = bench.start_worker(job_max_crashes=2)
    job_id = await bench.submit("probe_wait")
    await bench.wrote(job_id, "begin")
    worker.signal(signal.SIGKILL)
    worker = bench.start_worker(job_max_crashes=2)
    await bench.wrote(job_id, "begin", times=2)
    worker.signal(signal.SIGKILL)
    bench.start_worker(job_max_crashes=2)
    job = await bench.finished(job_id)
    assert (job.status, job.crashes) == (Status.FAILED, 2)
    assert job.failed_reason is not None
    assert job.failed_reason.startswith("poison: ")
