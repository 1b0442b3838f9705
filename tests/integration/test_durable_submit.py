"""``JOB_DURABILITY=fsync`` as a client meets it: accepted means on disk, and a repeat asks the disk again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for


@pytest.mark.timeout(120)
async def test_a_disk_that_is_slow_is_told_and_the_repeat_waits_for_it(
    new_valkey: Callable[..., RedisServer], install: Install
) -> None:
    server = new_valkey("--appendonly", "yes", "--appendfsync", "everysec")
    place = install(server.url, "gateway", JOB_DURABILITY="fsync")
    place.start_worker()
    again = {"Idempotency-Key": "a-key"}
    with redis.Redis.from_url(server.url) as client:
        client.config_set("appendfsync", "no")  # then nobody tells the disk
        refused = place.call("POST", "/api/jobs/probe-echo", json=place.order(), headers=again)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (503, "not_durable")
        assert int(refused.headers["Retry-After"]) >= 1
        client.config_set("appendfsync", "always")
        accepted = place.call("POST", "/api/jobs/probe-echo", json=place.order(), headers=again)
    assert accepted.status_code == 202
    assert accepted.json()["jobId"] == problem["jobId"]
    server.kill()
    server.start()
    await wait_for(lambda: place.ready("gateway", "store"), within=30, what="the gateway's readiness")
    assert (await place.bench.finished(problem["jobId"], within=30)).status is Status.COMPLETED
    assert place.call("GET", "/api/jobs/user/user-1").json()["count"] == 1
