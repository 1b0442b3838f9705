"""How jobs end: results, retries, failures, secrets."""

from __future__ import annotations

import pytest

from codeforge_common.job import Status
from tests.worker.live.bench import Bench


async def test_a_result_stands_on_the_record(bench: Bench) -> None:
    async with bench.worker():
        job = await bench.finished(await bench.submit("probe_echo", answer=42))
        assert job.status is Status.COMPLETED
        assert job.result["answer"] == 42
        assert (job.progress, job.attempts_made, job.crashes) == (100, 1, 0)


async def test_a_failing_handler_is_tried_three_times_with_a_growing_pause(bench: Bench) -> None:
    async with bench.worker(job_backoff_seconds=0.2):
        job_id = await bench.submit("probe_flaky", succeed_at=9)
        waiting = await bench.has(job_id, Status.DELAYED)
        assert waiting.failed_reason == "RuntimeError: attempt 1 had bad luck"
        job = await bench.finished(job_id)
        assert (job.status, job.attempts_made, job.crashes) == (Status.FAILED, 3, 0)
        assert job.failed_reason == "RuntimeError: attempt 3 had bad luck"
        assert bench.words(job_id) == ["begin"] * 3


async def test_an_attempt_that_succeeds_completes_the_job(bench: Bench) -> None:
    async with bench.worker():
        job = await bench.finished(await bench.submit("probe_flaky", succeed_at=2))
        assert (job.status, job.result, job.attempts_made) == (Status.COMPLETED, {"attempt": 2}, 2)
        assert job.failed_reason is None


async def test_retry_and_fail_are_values(bench: Bench) -> None:
    async with bench.worker():
        later = await bench.submit("probe_words", word="retry")
        never = await bench.finished(await bench.submit("probe_words", word="fail"))
        assert (never.status, never.attempts_made) == (Status.FAILED, 1)
        assert never.failed_reason == "no_such_thing: There is no such thing."
        assert never.result == {"partial": True}
        assert (await bench.finished(later)).result == "later"


async def test_a_result_over_the_limit_fails_the_job_at_once(bench: Bench) -> None:
    async with bench.worker(job_result_max_bytes=2048):
        job = await bench.finished(await bench.submit("probe_big", size=4000))
        assert (job.status, job.attempts_made) == (Status.FAILED, 1)
        assert job.failed_reason is not None
        assert job.failed_reason.startswith("result_too_large: ")


async def test_the_wall_time_of_a_type_ends_an_attempt(bench: Bench) -> None:
    async with bench.worker():
        job = await bench.finished(await bench.submit("probe_slow", attempts=1))
        assert job.status is Status.FAILED
        assert job.failed_reason is not None
        assert job.failed_reason.startswith("wall_time_exceeded: ")


async def test_a_child_that_dies_is_a_failed_attempt(bench: Bench) -> None:
    async with bench.worker():
        job = await bench.finished(await bench.submit("probe_killed", attempts=2))
        assert (job.status, job.attempts_made, job.crashes) == (Status.FAILED, 2, 0)
        assert job.failed_reason == "ChildDied: The child process of the handler ended without a result."


async def test_what_a_handler_leaves_behind_ends_with_it(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_litter")
        await bench.wrote(job_id, "tick", times=3)
        bench.gate.touch()
        assert (await bench.finished(job_id)).result is False
        # Another job's whole life is time enough for a tick.
        await bench.finished(await bench.submit("probe_echo"))
        assert bench.words(job_id)[-1] == "end"


async def test_a_handler_that_exits_does_not_take_the_worker_along(bench: Bench) -> None:
    async with bench.worker():
        job = await bench.finished(await bench.submit("probe_exit", attempts=1))
        assert job.failed_reason == "HandlerExited: The handler asked the process to exit."
        assert (await bench.finished(await bench.submit("probe_echo"))).status is Status.COMPLETED


@pytest.mark.parametrize("fail", [False, True])
async def test_a_secret_reaches_the_handler_and_nobody_else(bench: Bench, fail: bool) -> None:
    worker = bench.start_worker(log_level="debug")
    secret = "hunter2-hunter2"
    job_id = await bench.submit("probe_secret", sealed={"context.key": secret}, fail=fail, attempts=1)
    job = await bench.finished(job_id)
    assert job.status is (Status.FAILED if fail else Status.COMPLETED)
    assert "the key is [redacted]" in "".join(job.logs)
    assert secret not in repr(job)
    worker.says("attempt ended")
    assert secret not in worker.program.log.read_text()


async def test_a_secret_is_not_in_a_span(bench: Bench) -> None:
    async with bench.worker() as worker:
        secret = "hunter2-hunter2"
        await bench.finished(await bench.submit("probe_secret", sealed={"context.key": secret}, fail=True, attempts=1))
        told = "".join(span.to_json() for span in worker.spans.get_finished_spans())
        assert "[redacted] was refused" in told
        assert secret not in told


async def test_only_the_types_asked_for_are_served(bench: Bench) -> None:
    async with bench.worker(worker_types="probe_echo,probe_wait"):
        assert set(await bench.store.types()) == {"probe_echo", "probe_wait"}
