"""A server that answers, but not as it should: full, demoted, loading. Everybody waits, says so once, and goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from codeforge_common.job import Status
from codeforge_common.store import keys
from tests.integration.conftest import Install
from tests.integration.installation import Installation
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

NewRedis = Callable[..., RedisServer]
NOBODY = ("127.0.0.1", 1)
"""A master that can't be reached: the server becomes a replica that has nobody to follow."""


def refused(place: Installation, code: str) -> None:
    """A submit is answered with 503 and an invitation to come again."""
    answer = place.call("POST", "/api/jobs/probe-echo", json=place.order())
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer.headers["Retry-After"]) >= 1


async def blameless(place: Installation, job_id: str) -> None:
    """The job was completed as if nothing had been."""
    job = await place.bench.finished(job_id, within=30)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)


@pytest.mark.timeout(180)
async def test_a_server_that_is_full_and_then_is_demoted(new_redis: NewRedis, install: Install) -> None:
    server = new_redis()
    place = install(server.url, "gateway")
    place.start_worker(worker_concurrency=3)
    child, waits = place.submit("probe_mule"), place.submit("probe_wait")
    await place.bench.wrote(child, "tick")
    await place.bench.wrote(waits, "begin")
    with redis.Redis.from_url(server.url) as client:
        # Full: nothing new is accepted, and what runs is renewed for longer than a lease.
        client.config_set("maxmemory", 1)
        client.script_flush()
        full_at = client.time()[0]
        refused(place, "store_full")

        def renewed() -> bool:
            (end,) = client.zmscore(keys.key(place.bench.namespace, "leases"), [waits])
            return end is not None and float(end) / 1000 > full_at + 2 * place.bench.lease_seconds

        await wait_for(renewed, within=30, what="renewals for longer than a lease")
        await wait_for(lambda: not place.ready("gateway", "memory"), within=30, what="the gateway's word")
        client.config_set("maxmemory", 0)
        await place.runs_again()
        await place.settled("gateway", "worker")

        # Demoted: no write at all is taken.
        client.replicaof(*NOBODY)
        demoted = time.monotonic()
        refused(place, "store_unavailable")
        for name, check in (("gateway", "store"), ("worker", "store"), ("worker", "broker")):
            await wait_for(lambda: not place.ready(name, check), within=30, what=f"the {name}'s word")  # noqa: B023
        await place.bench.wrote(waits, "cancelled")
        await place.outlast_a_lease(demoted)
        client.replicaof("NO", "ONE")
    place.bench.gate.touch()
    for job_id in (child, waits):
        await blameless(place, job_id)
    assert place.bench.words(child).count("begin") == 1
    await place.runs_again()
    for name in ("gateway", "worker"):
        await place.said_so(name, "store")
    assert place.logs["worker"].read_text().count('"broker lost"') <= 3  # not one for each try


@pytest.mark.timeout(180)
async def test_another_server_takes_over_under_the_same_address(
    new_redis: NewRedis, new_proxy: Callable[[str], FaultProxy], install: Install
) -> None:
    """The old one lives on as a replica, and keeps the connections that it has."""
    first, second = new_redis(), new_redis()
    proxy = new_proxy(first.url)
    place = install(proxy.url(first.url), "gateway", "notifier")
    place.start_worker()
    await place.runs_again()
    with redis.Redis.from_url(second.url) as new, redis.Redis.from_url(first.url) as old:
        new.replicaof("127.0.0.1", first.port)
        await wait_for(lambda: new.info()["master_link_status"] == "up", within=30, what="the replica")
        proxy.target = ("127.0.0.1", second.port)
        new.replicaof("NO", "ONE")
        old.replicaof("127.0.0.1", second.port)
    await place.runs_again()
    for name in ("gateway", "notifier", "worker"):
        await wait_for(lambda: place.ready(name), within=30, what=f"the {name}'s readiness")  # noqa: B023


@pytest.mark.timeout(180)
async def test_a_server_that_loads_its_data(new_redis: NewRedis, install: Install) -> None:
    server = new_redis()
    place = install(server.url, "gateway")
    place.start_worker()
    await place.settled("gateway", "worker")
    job_id = place.submit("probe_wait")
    await place.bench.wrote(job_id, "begin")
    with redis.Redis.from_url(server.url, retry=Retry(NoBackoff(), 0)) as client:
        client.mset({f"codeforge:filler:{number}": os.urandom(1024) for number in range(100)})
        client.save()
        server.kill()
        # 50 ms for each key, and an ear for clients meanwhile.
        server.program.command += ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"]
        server.program.start(ready=lambda: is_loading(client), within=15)
        refused(place, "store_unavailable")
        assert is_loading(client)
        await wait_for(lambda: not is_loading(client), within=60, what="the end of the loading")
    place.bench.gate.touch()
    await blameless(place, job_id)
    await place.runs_again()
    for name in ("gateway", "worker"):
        await place.said_so(name, "store")


def is_loading(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.BusyLoadingError:
        return True
    except redis.RedisError:
        pass
    return False
