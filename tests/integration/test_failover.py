"""The server is lost, and its replica promoted: everybody who was given the sentinels' address follows."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis

from codeforge_common.errors import StoreUnavailable
from codeforge_common.job import Status
from codeforge_common.store import Store
from tests.integration.conftest import Install
from tests.plugins.sentinel import Sentinel
from tests.plugins.waiting import wait_for

WORKS_WITHIN = 30
"""Seconds after the loss. The sentinel takes two or three."""


async def works(store: Store) -> bool:
    """Whether it takes a write."""
    try:
        await store.reap()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.timeout(240)
async def test_jobs_go_on_at_the_promoted_replica(sentinel: Sentinel, install: Install) -> None:
    # Longer than the loss lasts: what is short of 3 s isn't told from a worker's own silence.
    place = install(sentinel.url, "gateway", "notifier", JOB_LEASE_SECONDS="10")
    worker = place.start_worker(worker_concurrency=3, job_lease_seconds=10)
    await place.settled("gateway", "notifier", "worker")
    # As with one server, more calls than connections wait for each other.
    await asyncio.gather(*(place.bench.store.types() for _ in range(20)))
    running, child = place.submit("probe_wait"), place.submit("probe_mule")
    for job_id in (running, child):
        await place.bench.wrote(job_id, "begin")
    with redis.Redis.from_url(sentinel.primary.url) as client:
        client.wait(1, 10_000)  # replication is asynchronous: what hasn't got there yet may be lost

    sentinel.primary.kill()
    lost = time.monotonic()
    while not await works(place.bench.store):
        assert time.monotonic() - lost < WORKS_WITHIN, "the store doesn't work again"
    with redis.Redis.from_url(sentinel.replica.url) as client:
        assert client.role()[0] == b"master"

    await place.runs_again()
    place.bench.gate.touch()
    for job_id in (running, child):
        job = await place.bench.finished(job_id, within=60)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    for name in ("gateway", "notifier", "worker"):
        await wait_for(lambda: place.ready(name), within=60, what=f"the {name}'s readiness")  # noqa: B023
    assert not worker.has_ended
    assert all(program.process and program.process.poll() is None for program in place.house.programs.values())
