"""Connections that are open and carry nothing: a cable that was pulled, a NAT that forgot, a machine that froze."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

NOTICED_WITHIN = 30
"""Seconds after which everybody knows that a connection is half-open."""

CHECKS = {
    "gateway": ("store", "broker", "event_log"),
    "notifier": ("event_log",),
    "worker": ("store", "broker"),
}


@pytest.mark.timeout(240)
async def test_everybody_notices_and_goes_on(
    new_redis: Callable[..., RedisServer], new_proxy: Callable[[str], FaultProxy], install: Install
) -> None:
    server = new_redis()
    proxy = new_proxy(server.url)
    place = install(server.url, "gateway", "notifier", REDIS_URL=proxy.url(server.url))
    worker = place.start_worker(redis_url=proxy.url(server.url), worker_concurrency=4, worker_grace_seconds=1)
    late = place.bench.folder / "late"
    child, ends = place.submit("probe_mule", gate=str(late)), place.submit("probe_wait")
    await place.bench.wrote(child, "tick")
    await place.bench.wrote(ends, "begin")

    await place.settled(*CHECKS)

    # Nothing passes any more, for much longer than a lease.
    proxy.freeze()
    frozen_at = time.monotonic()
    place.bench.gate.touch()
    refused = place.call("POST", "/api/jobs/probe-echo", json=place.order())
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert time.monotonic() - frozen_at < 9
    await wait_for(lambda: not place.ready("gateway", "store"), within=9, what="the gateway's word")
    await place.bench.wrote(ends, "end")
    for name, checks in CHECKS.items():
        for check in checks:
            await wait_for(
                lambda: place.checks(name)[check]["ok"] is False,  # noqa: B023
                within=frozen_at + NOTICED_WITHIN - time.monotonic(),
                what=f"the {name}'s word on the {check}",
            )
    proxy.thaw()
    late.touch()
    for job_id in (child, ends):
        job = await place.bench.finished(job_id, within=30)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
        assert place.bench.words(job_id).count("begin") == 1
    await place.runs_again()

    # The connections that there are lead nowhere; new ones do.
    for name in CHECKS:
        await wait_for(lambda: place.ready(name), within=30, what=f"the {name}'s readiness")  # noqa: B023
        await place.said_so(name, CHECKS[name][0])
    proxy.strand()
    await place.runs_again()
    for name in CHECKS:
        await wait_for(lambda: place.ready(name), within=30, what=f"the {name}'s readiness")  # noqa: B023

    # And who is to stop, stops.
    running = place.submit("probe_wait", gate="/nowhere")
    await place.bench.wrote(running, "begin")
    proxy.freeze()
    processes = [program.process for program in (worker.program, *place.house.programs.values()) if program.process]
    for process in processes:
        process.terminate()
    assert [process.wait(30) for process in processes] == [0, 0, 0]
