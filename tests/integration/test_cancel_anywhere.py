"""A cancel that goes to another gateway than the submit did: whatever the job is at, it ends, and stays so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.plugins.redis_server import RedisServer

CANCEL_SECONDS = 1


@pytest.mark.timeout(120)
async def test_waiting_delayed_and_running_jobs(new_redis: Callable[..., RedisServer], install: Install) -> None:
    place = install(new_redis().url, "gateway")
    place.house.start("gateway", name="another")
    bench = place.bench

    def cancel(job_id: str) -> None:
        for name in ("another", "gateway"):  # the second time changes nothing
            answer = place.call("DELETE", f"/api/jobs/{job_id}?reason=never+mind", gateway=name)
            assert answer.status_code == 200, answer.text

    place.start_worker(worker_cancel_seconds=CANCEL_SECONDS, worker_concurrency=2)
    runs, blocks = place.submit("probe_wait"), place.submit("probe_mule")
    for job_id in (runs, blocks):
        await bench.wrote(job_id, "begin")
    waits = place.submit("probe_echo")
    later = place.call("POST", "/api/jobs/probe-echo", json=place.order() | {"delaySeconds": 60}).json()["jobId"]
    assert (await bench.job(later)).status is Status.DELAYED
    for job_id in (waits, later):
        cancel(job_id)
        assert (await bench.job(job_id)).status is Status.CANCELLED
    for job_id in (runs, blocks):
        cancel(job_id)
    for job_id in (runs, blocks):
        assert (await bench.finished(job_id, within=30)).status is Status.CANCELLED
    assert bench.words(runs) == ["begin", "cancelled"]
    assert set(bench.words(blocks)) == {"begin", "tick"}
    # It is final: the slots are free, and what is claimed now is none of them.
    await place.runs_again()
    for job_id in (runs, blocks, waits, later):
        job = await bench.job(job_id)
        assert (job.status, job.crashes) == (Status.CANCELLED, 0)
        assert sum("never mind" in line for line in job.logs) == 1
    for job_id in (waits, later):
        assert (await bench.job(job_id)).started_at is None
