"""A store that doesn't answer, and a worker that was frozen: no handler outlives its lease, and nothing is burned.

Leases are three seconds: async handlers are cancelled and children paused 2.1 s after the last answer, and what is
async and still runs ends the process at 2.7 s.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
import redis

from codeforge_common.job import Status
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for, wait_until
from tests.worker.live.bench import Bench, lives


@pytest.fixture
def server(new_redis: Callable[..., RedisServer]) -> RedisServer:
    """A server that the test may pause."""
    return new_redis()


@pytest.fixture
async def bench(server: RedisServer, tmp_path: Path, probe_packages: Path) -> AsyncIterator[Bench]:
    made = Bench(url=server.url, namespace="outage", folder=tmp_path, packages=probe_packages)
    yield made
    await made.close()


def pause(server: RedisServer) -> None:
    psutil.Process(server.program.pid).suspend()


def resume(server: RedisServer) -> None:
    psutil.Process(server.program.pid).resume()


def save(server: RedisServer) -> None:
    """Writes the server's data to its folder, where its next start finds them."""
    with redis.Redis.from_url(server.url) as client:
        client.save()


def child_of(bench: Bench, job_id: str) -> psutil.Process:
    """The process that runs a ``probe_mule``."""
    return psutil.Process(int((bench.folder / f"journal.{job_id}").read_text().split()[0]))


async def test_async_runs_are_handed_back_and_children_go_on(bench: Bench, server: RedisServer) -> None:
    worker = bench.start_worker()
    waits, mule = await bench.submit("probe_wait"), await bench.submit("probe_mule")
    await bench.wrote(waits, "begin")
    await bench.wrote(mule, "tick")
    child = child_of(bench, mule)
    pause(server)
    await bench.wrote(waits, "cancelled")
    await wait_for(lambda: child.status() == psutil.STATUS_STOPPED, within=5, what="the child's pause")
    worker.says('"check": "store"')
    resume(server)
    ticks = bench.words(mule).count("tick")
    await bench.wrote(mule, "tick", times=ticks + 3)
    await bench.wrote(waits, "begin", times=2)
    bench.gate.touch()
    for job_id in (waits, mule):
        job = await bench.finished(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    assert bench.words(mule).count("begin") == 1


async def test_what_ends_during_an_outage_is_completed_without_a_second_run(bench: Bench, server: RedisServer) -> None:
    worker = bench.start_worker()
    job_id = await bench.submit("probe_wait")
    await bench.wrote(job_id, "begin")
    pause(server)
    bench.gate.touch()
    await bench.wrote(job_id, "end")
    worker.says('"check": "store"')
    resume(server)
    job = await bench.finished(job_id)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    assert bench.words(job_id) == ["begin", "end"]


async def test_an_async_handler_that_ignores_its_end_takes_the_worker_along(bench: Bench, server: RedisServer) -> None:
    worker = bench.start_worker()
    job_id = await bench.submit("probe_stubborn")
    await bench.wrote(job_id, "begin")
    pause(server)
    assert worker.exit_code(within=3) == 1
    assert "outlived its lease" in worker.log
    resume(server)


async def test_a_stop_does_not_wait_for_a_store_that_is_away(bench: Bench, server: RedisServer) -> None:
    worker = bench.start_worker()
    pause(server)
    worker.says('"check": "store"')
    worker.signal(signal.SIGTERM)
    assert worker.exit_code(within=8) == 0
    resume(server)


async def test_a_worker_waits_for_its_store_and_goes_on_by_itself(bench: Bench, server: RedisServer) -> None:
    worker = bench.start_worker()
    server.kill()
    worker.says('"check": "store"')  # the broker may be missed sooner, and comes back on its own
    server.start()
    await wait_for(lambda: worker.log.count('"check": "store"') >= 2, within=10, what="the worker's return")
    # The server has forgotten everything: the worker announces its types again.
    await wait_for(lambda: worker.log.count("job types announced") == 2, within=10, what="the announcement")
    assert (await bench.finished(await bench.submit("probe_echo"))).status is Status.COMPLETED
    lines = [line for line in worker.log.splitlines() if '"check": "store"' in line]
    assert len(lines) == 2  # not ready, ready


async def test_a_job_that_ended_in_the_time_that_a_store_lost_is_finished_again_and_not_run_again(
    bench: Bench, server: RedisServer
) -> None:
    worker = bench.start_worker()
    job_id = await bench.submit("probe_wait")
    await bench.wrote(job_id, "begin")
    save(server)
    bench.gate.touch()
    assert (await bench.finished(job_id)).status is Status.COMPLETED
    server.kill()
    server.start()
    worker.says("the store went back in time")
    job = await bench.finished(job_id)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    assert bench.words(job_id) == ["begin", "end"]


async def test_a_frozen_worker_stops_when_it_wakes_and_its_child_before(bench: Bench) -> None:
    frozen = bench.start_worker()
    waits, mule = await bench.submit("probe_wait"), await bench.submit("probe_mule")
    await bench.wrote(waits, "begin")
    await bench.wrote(mule, "tick")
    family = psutil.Process(frozen.pid).children(recursive=True)
    child = child_of(bench, mule)
    frozen.signal(signal.SIGSTOP)
    await wait_for(lambda: child.status() == psutil.STATUS_STOPPED, within=5, what="the child's pause")
    assert bench.words(mule).count("begin") == 1
    bench.start_worker()
    for job_id in (waits, mule):
        await bench.wrote(job_id, "begin", times=2)
    frozen.signal(signal.SIGCONT)
    assert frozen.exit_code(within=2) == 1
    wait_until(lambda: not any(map(lives, family)), within=1, what="the end of its children")
    bench.gate.touch()
    for job_id in (waits, mule):
        job = await bench.finished(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 1)
        assert bench.words(job_id).count("end") == 1
