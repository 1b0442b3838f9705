"""A stop, asked for again and again of every process; a restart of all workers, one after the other, under load."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle

import psutil
import pytest

from codeforge_common.cancelling import cancel
from codeforge_common.job import Status
from tests.plugins.house import House
from tests.plugins.waiting import wait_until
from tests.worker.live.bench import Bench, lives

STOPPED_WITHIN = 30


@pytest.mark.timeout(120)
def test_whoever_is_asked_again_and_again_ends_well(new_house: Callable[..., House]) -> None:
    house = new_house("gateway", "notifier", "worker", "edge")
    processes = {name: program.process for name, program in house.programs.items() if program.process}
    deadline = time.monotonic() + STOPPED_WITHIN
    for number in cycle((signal.SIGTERM, signal.SIGINT)):
        left = [process for process in processes.values() if process.poll() is None]
        if not left:
            break
        assert time.monotonic() < deadline, f"{len(left)} still run"
        for process in left:
            process.send_signal(number)
        time.sleep(0.003)
    assert {name: process.returncode for name, process in processes.items()} == dict.fromkeys(processes, 0)
    for program in house.programs.values():
        assert "Traceback" not in program.log.read_text()


@asynccontextmanager
async def load(bench: Bench, jobs: list[str]) -> AsyncIterator[None]:
    """Short jobs of several users, one after the other as long as the block lasts; their ids come into ``jobs``."""

    async def submit() -> None:
        for user in cycle(("ann", "bob", "eve")):
            jobs.append(await bench.submit("probe_tell", user=user, lines=4))
            await asyncio.sleep(0.05)

    submitting = asyncio.create_task(submit())
    try:
        yield
    finally:
        await cancel([submitting])


@pytest.mark.timeout(180)
async def test_a_rolling_restart_loses_and_doubles_nothing_and_burns_no_attempt(bench: Bench) -> None:
    settings = {"worker_concurrency": 3, "worker_grace_seconds": 1}
    workers = [bench.start_worker(**settings) for _ in range(3)]
    # Longer than a worker has to stop: these are handed on from one to the next.
    long = [await bench.submit(kind) for kind in ("probe_wait", "probe_block", "probe_mule")]
    for job_id in long:
        await bench.wrote(job_id, "begin", within=30)
    short: list[str] = []
    async with load(bench, short):
        for worker in workers:
            bench.start_worker(**settings)
            for _ in range(3):
                worker.signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.exit_code, within=STOPPED_WITHIN) == 0
    for job_id in long:
        await bench.wrote(job_id, "begin", times=2, within=30)
    bench.gate.touch()
    for job_id in (*long, *short):
        job = await bench.finished(job_id, within=60)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
        assert bench.words(job_id).count("end") == 1
    assert len(short) >= 10


@pytest.mark.timeout(120)
async def test_a_guard_that_is_stopped_holds_up_no_stop(bench: Bench) -> None:
    """It can't end what it guards; the worker does, and hands the job back."""
    worker = bench.start_worker(worker_grace_seconds=0.1)
    job_id = await bench.submit("probe_mule")
    await bench.wrote(job_id, "tick")
    (guard,) = psutil.Process(worker.pid).children()
    family = guard.children(recursive=True)
    guard.suspend()
    worker.signal(signal.SIGTERM)
    assert worker.exit_code(within=STOPPED_WITHIN) == 0
    wait_until(lambda: not any(map(lives, family)), within=10, what="the end of what it guarded")
    job = await bench.job(job_id)
    assert (job.status, job.attempts_made, job.crashes) == (Status.WAITING, 0, 0)
