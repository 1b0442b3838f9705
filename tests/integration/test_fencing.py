"""A worker that comes back too late: whatever it still says of its run is refused, and the run is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import pytest

from codeforge_common.job import JobRecord, Status
from tests.integration.conftest import Install
from tests.integration.installation import Installation
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

CRASH = "Worker lost, waiting for another"
CLAIMS = 'store_calls_seconds_count{script="claim"}'
LINES = 20
SLOW = 150  # 7.5 s


def told_after_the_crash(job: JobRecord) -> Sequence[str]:
    """The log lines of the run that took over."""
    lines = [line.partition("] ")[2] for line in job.logs]
    return lines[lines.index(CRASH) + 1 :]


async def taken_over(place: Installation, job_id: str) -> None:
    """The lease ran out, and another worker runs the job."""
    await place.bench.until(job_id, lambda job: job.crashes == 1, what="the crash", within=30)
    await place.bench.wrote(job_id, "begin", times=2, within=30)


@pytest.mark.timeout(120)
async def test_what_a_frozen_worker_had_still_to_say(new_redis: Callable[..., RedisServer], install: Install) -> None:
    """Its child went on for a moment, and ended: lines, output, progress and a result wait for the worker to wake."""
    place = install(new_redis().url, "gateway")
    frozen = place.start_worker("frozen")
    job_id = place.submit("probe_block_tell", lines=LINES)
    await place.bench.wrote(job_id, "begin")
    frozen.signal(signal.SIGSTOP)
    await place.bench.wrote(job_id, "end")
    place.start_worker("other", probe_waits=1)
    await taken_over(place, job_id)
    await place.bench.wrote(job_id, "told", times=2)
    frozen.signal(signal.SIGCONT)
    frozen.says('"attempt ended"', within=30)
    calls = place.metric("frozen", CLAIMS)
    await wait_for(lambda: place.metric("frozen", CLAIMS) >= calls + 2, within=30, what="what it had to say")
    assert (await place.bench.job(job_id)).status is Status.ACTIVE
    place.bench.gate.touch()
    job = await place.bench.finished(job_id, within=30)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 1)
    assert place.bench.words(job_id).count("begin") == 2
    successor = job.result["by"]
    assert told_after_the_crash(job) == [f"line {number} of {successor}" for number in range(LINES)]
    output = await place.bench.store.output(job_id, caller=None)
    assert output.text.split() == [str(successor)] * LINES
    # It may go on with other work.
    place.bench.workers[1].program.kill()
    await place.runs_again()


@pytest.mark.timeout(120)
async def test_what_a_cut_off_worker_had_sent(
    new_redis: Callable[..., RedisServer], new_proxy: Callable[[str], FaultProxy], install: Install
) -> None:
    """Its requests were under way for longer than its lease: claims, renewals and reports arrive when others hold
    what they are about."""
    server = new_redis()
    proxy = new_proxy(server.url)
    place = install(server.url, "gateway")
    place.start_worker("cut-off", redis_url=proxy.url(server.url))
    async_run, child = place.submit("probe_tell", lines=SLOW), place.submit("probe_mule")
    await place.bench.wrote(async_run, "begin")
    await place.bench.wrote(child, "tick")
    proxy.freeze()
    place.start_worker("other")
    for job_id in (async_run, child):
        await taken_over(place, job_id)
    proxy.thaw()
    await wait_for(lambda: place.metric("cut-off", "fenced_total") == 2, within=30, what="the end of both runs")
    place.bench.gate.touch()
    for job_id in (async_run, child):
        job = await place.bench.finished(job_id, within=60)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 1)
        assert place.bench.words(job_id).count("begin") == 2
        assert place.bench.words(job_id).count("end") == 1
    job = await place.bench.job(async_run)
    assert told_after_the_crash(job) == [f"line {number}" for number in range(SLOW)]
    await wait_for(lambda: place.ready("cut-off"), within=30, what="its readiness")
