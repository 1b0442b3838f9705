"""A running job that its user cancels."""

from __future__ import annotations

import signal
import time

import httpx2

from codeforge_common.job import Status
from tests.plugins.ports import free_port
from tests.worker.live.bench import Bench


async def test_an_async_handler_stops_within_a_second_and_a_half(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_wait")
        await bench.wrote(job_id, "begin")
        assert (await bench.store.cancel(job_id, caller=None)).cancel_requested
        job = await bench.finished(job_id, within=1.5)
        assert (job.status, job.cancel_requested) == (Status.CANCELLED, True)
        assert bench.words(job_id) == ["begin", "cancelled"]


async def test_a_blocking_handler_may_stop_by_itself(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_block")
        await bench.wrote(job_id, "begin")
        await bench.store.cancel(job_id, caller=None)
        assert (await bench.finished(job_id, within=3)).status is Status.CANCELLED
        assert bench.words(job_id) == ["begin", "cancelled"]


async def test_force_against_one_of_two_leaves_the_other_alone(bench: Bench) -> None:
    async with bench.worker(worker_cancel_seconds=0.3):
        victim, neighbour = await bench.submit("probe_mule"), await bench.submit("probe_mule")
        await bench.wrote(victim, "tick")
        await bench.wrote(neighbour, "tick")
        await bench.store.cancel(victim, caller=None)
        assert (await bench.finished(victim, within=5)).status is Status.CANCELLED
        ticks = bench.words(victim).count("tick"), bench.words(neighbour).count("tick")
        await bench.wrote(neighbour, "tick", times=ticks[1] + 5)
        assert bench.words(victim).count("tick") == ticks[0]
        bench.gate.touch()
        job = await bench.finished(neighbour)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
        assert bench.words(neighbour).count("begin") == 1


async def test_a_worker_whose_handler_ignores_the_cancel_ends_after_the_others(bench: Bench) -> None:
    port = free_port()
    worker = bench.start_worker(worker_cancel_seconds=0.3, metrics_port=port)
    stubborn, other = await bench.submit("probe_stubborn", gate="/nowhere"), await bench.submit("probe_wait")
    await bench.wrote(stubborn, "begin")
    await bench.wrote(other, "begin")
    await bench.store.cancel(stubborn, caller=None)
    worker.says("ignores its cancel")
    checks = httpx2.get(f"http://127.0.0.1:{port}/readyz").json()["checks"]
    assert checks["handlers"] == {"ok": False, "detail": "A handler of probe_stubborn ignores its cancel."}
    late = await bench.submit("probe_echo")
    bench.gate.touch()
    assert worker.exit_code(within=5) == 1
    assert (await bench.job(other)).status is Status.COMPLETED
    assert (await bench.job(late)).status is Status.WAITING
    bench.start_worker()
    assert (await bench.finished(stubborn)).status is Status.CANCELLED
    assert (await bench.finished(late)).status is Status.COMPLETED


async def test_cancelled_while_its_worker_is_dead(bench: Bench) -> None:
    worker = bench.start_worker()
    job_id = await bench.submit("probe_wait")
    await bench.wrote(job_id, "begin")
    worker.signal(signal.SIGKILL)
    await bench.store.cancel(job_id, caller=None)
    bench.start_worker()
    begun = time.monotonic()
    assert (await bench.finished(job_id)).status is Status.CANCELLED
    assert time.monotonic() - begun < 3 + 5
    assert bench.words(job_id) == ["begin"]
