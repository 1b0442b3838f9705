"""Damage in the store costs the job that it hit; the worker goes on."""

from __future__ import annotations

import pytest

from codeforge_common.job import Status
from codeforge_common.store.connect import connect
from codeforge_common.store.keys import key
from tests.worker.live.bench import Bench


async def damage(bench: Bench, job_id: str, *part: str) -> None:
    redis = connect(bench.url, max_connections=1)
    try:
        await redis.set(key(bench.namespace, "job", job_id, *part), b"garbage\xff")
    finally:
        await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("body", "data_unreadable: What the store holds of the job's data can't be read."),
        ("secret", "secret_unreadable: The sealed secrets of the job have an unknown form."),
    ],
)
async def test_the_job_fails_with_a_reason_and_the_next_one_runs(bench: Bench, part: str, reason: str) -> None:
    async with bench.worker():  # announces the types
        pass
    damaged = await bench.submit("probe_wait", sealed={"context.key": "a secret"}, attempts=1)
    await damage(bench, damaged, part)
    sound = await bench.submit("probe_wait")
    bench.gate.touch()
    async with bench.worker():
        assert (await bench.finished(sound)).status is Status.COMPLETED
        job = await bench.finished(damaged)
        assert (job.status, job.failed_reason) == (Status.FAILED, reason)


async def test_a_record_that_cannot_be_read_stops_nobody(bench: Bench) -> None:
    async with bench.worker():
        pass
    damaged = await bench.submit("probe_wait")
    await damage(bench, damaged)
    sound = await bench.submit("probe_wait")
    bench.gate.touch()
    async with bench.worker():
        assert (await bench.finished(sound)).status is Status.COMPLETED
