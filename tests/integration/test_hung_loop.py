"""A handler that hangs the event loop of its worker, and is cancelled, or whose worker is asked to stop."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from codeforge_common.job import Status
from tests.worker.live.bench import Bench

STALL_SECONDS = 2
CANCELLED_WITHIN = 45 - (30 - STALL_SECONDS)
"""Seconds. With the settings as they come, 45: 30 until the loop counts as hung, 10 for the lease, 5 for the rest."""


STOPPED_WITHIN = 30


@pytest.mark.timeout(120)
async def test_it_is_cancelled_and_its_neighbours_run_elsewhere(bench: Bench) -> None:
    bench.start_worker(worker_concurrency=3, worker_loop_stall_seconds=STALL_SECONDS)
    neighbours = [await bench.submit("probe_wait"), await bench.submit("probe_mule")]
    for job_id in neighbours:
        await bench.wrote(job_id, "begin")
    hung = await bench.submit("probe_hang")
    await bench.wrote(hung, "begin")
    await bench.store.cancel(hung, caller=None, reason="it takes too long")
    cancelled = time.monotonic()
    bench.start_worker(worker_concurrency=3)
    for job_id in neighbours:
        await bench.wrote(job_id, "begin", times=2, within=30)
    job = await bench.finished(hung, within=30)
    assert time.monotonic() - cancelled < CANCELLED_WITHIN
    assert (job.status, job.crashes) == (Status.CANCELLED, 1)
    assert bench.words(hung) == ["begin"]
    bench.gate.touch()
    for job_id in neighbours:
        job = await bench.finished(job_id, within=30)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["probe_hang", "probe_hang_at_end"])
async def test_a_stop_costs_its_neighbours_nothing(bench: Bench, kind: str) -> None:
    """Whether the loop hangs before the signal comes, or in the midst of the stop."""
    worker = bench.start_worker(worker_concurrency=3, worker_grace_seconds=0.5)
    neighbours = [await bench.submit("probe_wait"), await bench.submit("probe_mule")]
    for job_id in neighbours:
        await bench.wrote(job_id, "begin")
    hung = await bench.submit(kind)
    await bench.wrote(hung, "begin")
    worker.signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.exit_code, within=STOPPED_WITHIN) == 0
    assert "the event loop hangs" in worker.log
    for job_id in neighbours:
        job = await bench.job(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.WAITING, 0, 0)
    # Whoever hangs a loop may do so again: that is counted.
    assert (await bench.job(hung)).status is Status.ACTIVE
