"""Processes that are killed: what they had in hand is taken up by others within seconds."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.integration.installation import Installation
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

LEASE_SECONDS = 3
TAKEN_WITHIN = LEASE_SECONDS + 5
NewRedis = Callable[..., RedisServer]


@asynccontextmanager
async def updates(place: Installation, job_id: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """What somebody sees who watches the job over SSE."""
    async with (
        httpx2.AsyncClient(base_url=place.house.url(), timeout=60) as client,
        client.stream("GET", f"/api/jobs/{job_id}/events") as answer,
    ):

        async def read() -> AsyncIterator[dict[str, Any]]:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

        yield read()


@pytest.mark.timeout(120)
async def test_with_every_worker_dead_the_gateway_rescues(new_redis: NewRedis, install: Install) -> None:
    """Expired leases are taken, due jobs become waiting, a cancelled job comes to rest."""
    place = install(new_redis().url, "gateway")
    worker = place.start_worker(worker_concurrency=3, job_backoff_seconds=2)
    lost, cancelled = place.submit("probe_wait"), place.submit("probe_wait")
    for job_id in (lost, cancelled):
        await place.bench.wrote(job_id, "begin")
    delayed = place.submit("probe_flaky", succeed_at=9)
    await place.bench.has(delayed, Status.DELAYED)
    worker.signal(signal.SIGKILL)
    assert place.call("DELETE", f"/api/jobs/{cancelled}").status_code == 200
    async with updates(place, lost) as seen:
        before = await anext(seen)
        assert (before["status"], before["crashes"]) == ("active", 0)
        crash = await anext(seen)
    assert (crash["status"], crash["crashes"], crash["attempt"]) == ("waiting", 1, 0)
    assert crash["logs"][-1].endswith("Worker lost, waiting for another")
    await place.bench.has(cancelled, Status.CANCELLED, within=TAKEN_WITHIN)
    await place.bench.has(delayed, Status.WAITING, within=TAKEN_WITHIN)


@pytest.mark.timeout(120)
async def test_a_gateway_that_dies_between_store_and_ring(
    new_redis: NewRedis, new_proxy: Callable[[str], FaultProxy], install: Install
) -> None:
    """Its rings never left; the worker doesn't look by itself, so that only the reaper's ring can start the job."""
    server, doorbell = new_redis(), new_redis()
    proxy = new_proxy(doorbell.url)
    place = install(server.url, "gateway", BROKER_URL=proxy.url(doorbell.url))
    place.start_worker(broker_url=doorbell.url, worker_idle_poll_seconds=0)
    await wait_for(lambda: place.ready("worker"), within=30, what="the worker's readiness")
    proxy.freeze()
    job_id = place.submit("probe_echo")
    place.house.programs["gateway"].kill()
    proxy.cut()
    job = await place.bench.finished(job_id, within=10)
    assert (job.status, job.attempts_made) == (Status.COMPLETED, 1)
