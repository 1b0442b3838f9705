"""What makes a worker look for work, and that a full one isn't disturbed."""

from __future__ import annotations

import asyncio
from functools import partial

from codeforge_common.job import Status
from codeforge_common.queue import Bell, Broker
from codeforge_common.telemetry.metrics import create_metrics
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import Bench, LocalWorker


async def has_looked(worker: LocalWorker) -> None:
    """The claim of the start has been answered: what comes now is found otherwise."""
    calls = partial(worker.count, "store_calls_seconds_count", script="claim")
    await wait_for(lambda: calls() >= 1, within=10, what="the claim of the start")


async def test_a_ring_starts_a_job_on_an_idle_worker(bench: Bench) -> None:
    bell = Bell(broker=Broker(url=bench.url, namespace=bench.namespace), metrics=create_metrics())
    bell.start()
    try:
        async with bench.worker(worker_idle_poll_seconds=0) as worker:
            await wait_for(lambda: worker.readiness.report()[1]["broker"]["ok"], within=10, what="the consumer")
            await has_looked(worker)
            job_id = await bench.submit("probe_echo")
            bell.ring({"probe_echo": 1})
            assert (await bench.finished(job_id)).status is Status.COMPLETED
            assert worker.count("claims_total", cause="ring") == 1
    finally:
        bell.close()


async def test_without_a_ring_an_idle_worker_looks_by_itself(bench: Bench) -> None:
    async with bench.worker(worker_idle_poll_seconds=0.2) as worker:
        await has_looked(worker)
        job_id = await bench.submit("probe_echo")
        assert (await bench.finished(job_id, within=3)).status is Status.COMPLETED
        assert worker.count("claims_total", cause="idle") == 1


async def test_work_that_waits_at_the_start_is_found(bench: Bench) -> None:
    async with bench.worker():
        pass  # it announces the types
    job_id = await bench.submit("probe_echo")
    async with bench.worker(worker_idle_poll_seconds=0) as worker:
        await bench.finished(job_id, within=3)
        assert worker.count("claims_total", cause="start") == 1


async def test_a_backlog_is_drained_by_finishes_alone_and_types_take_turns(bench: Bench) -> None:
    async with bench.worker():
        pass
    for _ in range(5):
        for job_type in ("probe_wait", "probe_echo"):
            await bench.submit(job_type)
    bench.gate.touch()
    async with bench.worker(worker_idle_poll_seconds=0, worker_concurrency=1) as worker:
        await wait_for(lambda: len(worker.spans.get_finished_spans()) == 10, within=10, what="ten runs")
        names = [span.name for span in worker.spans.get_finished_spans()]
    assert names[0] != names[1]
    assert names == names[:2] * 5


async def test_a_saturated_worker_that_renews_all_the_time_hands_back_nothing(bench: Bench) -> None:
    async with bench.worker():
        pass
    bench.gate.touch()
    jobs = await asyncio.gather(*(bench.submit("probe_echo", user=f"user-{n % 40}") for n in range(400)))
    async with bench.worker(renew_seconds=0.01, worker_concurrency=2) as worker:
        for job_id in jobs:
            job = await bench.finished(job_id, within=40)
            assert (job.status, job.attempts_made, list(job.logs)) == (Status.COMPLETED, 1, [])
        assert worker.count("job_run_seconds_count", type="probe_echo", outcome="handed_back") == 0
        assert worker.count("fenced_total") == 0
        assert worker.count("store_calls_seconds_count", script="renew") > 20


async def test_two_users_jobs_on_a_busy_worker_end_each_in_its_own_trace(bench: Bench) -> None:
    async with bench.worker(worker_concurrency=1) as worker:
        await bench.wrote(await bench.submit("probe_wait"), "begin")
        traces = {user: f"00-{digit * 32}-{digit * 16}-01" for user, digit in (("ann", "a"), ("bob", "b"))}
        jobs = {
            user: await bench.submit("probe_echo", user=user, traceparent=parent) for user, parent in traces.items()
        }
        bench.gate.touch()
        for job_id in jobs.values():
            await bench.finished(job_id)
        finished = worker.spans.get_finished_spans()
        spans = {(span.attributes or {})["messaging.message.id"]: span for span in finished}
    for user, job_id in jobs.items():
        span = spans[job_id]
        assert span.name == "process probe_echo"
        assert span.parent is not None
        assert f"{span.context.trace_id:032x}" == traces[user].split("-")[1]
        assert f"{span.parent.span_id:016x}" == traces[user].split("-")[2]
