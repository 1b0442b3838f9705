"""An event loop that hangs: the worker heals itself, and only the cause has a crash."""

from __future__ import annotations

from codeforge_common.job import Status
from codeforge_worker.stall import CULPRIT_LINE
from tests.worker.live.bench import Bench


async def test_the_neighbours_of_a_hanging_handler_run_elsewhere_blameless(bench: Bench) -> None:
    worker = bench.start_worker(worker_concurrency=4, worker_loop_stall_seconds=1.5)
    waits, mule = await bench.submit("probe_wait"), await bench.submit("probe_mule")
    for job_id in (waits, mule):
        await bench.wrote(job_id, "begin")
    hang = await bench.submit("probe_hang")
    await bench.wrote(hang, "begin")
    assert worker.exit_code(within=10) == 1
    assert "the event loop hangs" in worker.log
    assert "in _hang" in worker.log  # where it hung
    for job_id in (waits, mule):
        job = await bench.job(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.WAITING, 0, 0)
    job = await bench.job(hang)
    assert job.status is Status.ACTIVE
    assert job.logs[-1].endswith(CULPRIT_LINE)
    bench.gate.touch()
    bench.start_worker(worker_types="probe_wait,probe_mule")
    for job_id in (waits, mule):
        job = await bench.finished(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
        assert not any(CULPRIT_LINE in line for line in job.logs)
    job = await bench.has(hang, Status.WAITING)
    assert job.crashes == 1
