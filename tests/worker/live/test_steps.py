"""Finished steps aren't run again, whoever goes on, and an effect is made once. Each test goes on elsewhere.

"Elsewhere" is another worker with another, empty folder for its workspaces.
"""

from __future__ import annotations

import signal
from typing import Any

import psutil
import pytest

from codeforge_common.job import JobRecord, Status
from codeforge_common.store import Moment
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import Bench, WorkerProcess, lives

RESULT = [["first", ["first"]], ["second", ["second"]]]
"""Of the two steps, when each had a workspace of its own."""


def start_elsewhere(bench: Bench, **settings: Any) -> WorkerProcess:
    """A worker with a folder of its own."""
    folder = bench.folder / f"elsewhere-{len(bench.workers)}"
    folder.mkdir()
    return bench.start_worker(tmpdir=folder, **settings)


async def shown_output(bench: Bench, job_id: str) -> str:
    return (await bench.store.output(job_id, caller=None)).text


async def went_on_elsewhere(bench: Bench, job_id: str) -> JobRecord:
    """The job, completed by a second run in another folder."""
    job = await bench.finished(job_id, within=30)
    assert job.status is Status.COMPLETED, job
    words = bench.words(job_id)
    folders = [word for word in words if word.startswith("in:")]
    assert len(folders) == len(set(folders)) == 2
    assert [words.count(word) for word in ("first", "second", "make", "end")] == [1, 1, 1, 1]
    assert list(job.steps) == ["first", "second", "pull"]
    assert await shown_output(bench, job_id) == "first and second "
    return job


@pytest.mark.parametrize("job_type", ["probe_steps", "probe_block_steps"])
async def test_after_a_crash_another_worker_goes_on_behind_the_last_step(bench: Bench, job_type: str) -> None:
    first = start_elsewhere(bench)
    job_id = await bench.submit(job_type, stop_at="between")
    await bench.wrote(job_id, "between")
    family = [psutil.Process(first.pid), *psutil.Process(first.pid).children(recursive=True)]
    first.signal(signal.SIGKILL)
    await wait_for(lambda: not any(map(lives, family)), within=30, what="the end of the worker and its child")
    bench.gate.touch()
    start_elsewhere(bench)
    job = await went_on_elsewhere(bench, job_id)
    assert job.result == {"steps": RESULT, "pull": {"key": f"{job_id}:pull", "found": False}}
    assert (job.attempts_made, job.crashes) == (1, 1)


async def test_after_a_hand_back_too(bench: Bench) -> None:
    first = start_elsewhere(bench, worker_grace_seconds=0.1)
    job_id = await bench.submit("probe_steps", stop_at="between")
    await bench.wrote(job_id, "between")
    first.signal(signal.SIGTERM)
    assert first.exit_code(within=30) == 0
    bench.gate.touch()
    start_elsewhere(bench)
    job = await went_on_elsewhere(bench, job_id)
    assert (job.attempts_made, job.crashes) == (1, 0)
    timeline = await bench.store.timeline(job_id, caller=None)
    reasons = [entry.reason for entry in timeline.entries if entry.event is Moment.HANDED_BACK]
    assert reasons == ["The worker is stopping."]


async def test_an_effect_of_which_nobody_heard_is_found_and_not_made_again(bench: Bench) -> None:
    start_elsewhere(bench)
    job_id = await bench.submit("probe_steps", stop_at="made")
    await bench.wrote(job_id, "make")
    start_elsewhere(bench)
    job = await went_on_elsewhere(bench, job_id)
    assert job.result["pull"] == {"key": f"{job_id}:pull", "found": True}
    assert job.crashes == 1


async def test_a_child_that_dies_has_its_effect_found_in_the_next_attempt(bench: Bench) -> None:
    start_elsewhere(bench)
    job_id = await bench.submit("probe_block_steps", stop_at="made")
    job = await went_on_elsewhere(bench, job_id)
    assert job.result["pull"]["found"]
    assert (job.attempts_made, job.crashes) == (2, 0)


async def test_a_worker_that_was_frozen_makes_nothing_when_it_wakes(bench: Bench) -> None:
    frozen = start_elsewhere(bench)
    job_id = await bench.submit("probe_steps", stop_at="after")
    await bench.wrote(job_id, "after")
    frozen.signal(signal.SIGSTOP)
    process = psutil.Process(frozen.pid)
    await wait_for(lambda: process.status() == psutil.STATUS_STOPPED, within=30, what="the freeze")
    bench.gate.touch()
    start_elsewhere(bench)
    await went_on_elsewhere(bench, job_id)
    frozen.signal(signal.SIGCONT)
    # Its handler comes as far as to ask, or its worker has ended before.
    await wait_for(lambda: frozen.has_ended or "attempt ended" in frozen.log, within=30, what="the run's end")
    assert bench.words(job_id).count("make") == 1
    assert bench.words(job_id).count("look") == 1


@pytest.mark.parametrize(
    ("steps", "size", "reason"),
    [
        (3, 1500, None),
        (1, 2048, None),
        (1, 2049, "step_result_too_large: The step result has 2,049 bytes as JSON; at most 2,048 are kept."),
        (4, 10, "too_many_steps: A job has at most 3 steps; step-3 is one too many."),
        (3, 1501, "too_many_steps: The job's steps have 4,503 bytes as JSON together; at most 4,500 are kept."),
    ],
)
async def test_steps_have_limits(bench: Bench, steps: int, size: int, reason: str | None) -> None:
    limits = {"job_step_result_max_bytes": 2048, "job_steps_max": 3, "job_steps_max_bytes": 4500}
    async with bench.worker(**limits):
        job = await bench.finished(await bench.submit("probe_much", steps=steps, size=size, output=0))
        assert (job.status, job.failed_reason) == (Status.FAILED if reason else Status.COMPLETED, reason)
        assert job.attempts_made == 1


@pytest.mark.parametrize(("size", "dropped"), [(2048, False), (2049, True)])
async def test_output_has_a_limit(bench: Bench, size: int, dropped: bool) -> None:
    async with bench.worker(job_output_max_bytes=2048):
        job = await bench.finished(await bench.submit("probe_much", steps=0, size=0, output=size))
        assert job.status is Status.COMPLETED
        assert await shown_output(bench, job.id) == "x" * 2048
        assert any("The job's output is full" in line for line in job.logs) is dropped
