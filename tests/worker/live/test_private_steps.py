"""Private steps through real workers: nobody reads them in the store, and what is lost runs again."""

from __future__ import annotations

import base64
import os

from codeforge_common.job import Status
from codeforge_common.secrets import KeyRing
from codeforge_common.store.connect import connect
from codeforge_common.store.keys import key
from tests.common.store.snapshot import snapshot
from tests.worker.live.bench import Bench

STEPS = ["plan", "edit", "push"]


async def what_lies_in_the_store(bench: Bench) -> str:
    """All that the namespace holds."""
    redis = connect(bench.url, max_connections=1)
    try:
        return repr(await snapshot(redis, bench.namespace))
    finally:
        await redis.aclose(close_connection_pool=True)


async def lose_private(bench: Bench, job_id: str) -> int:
    redis = connect(bench.url, max_connections=1)
    try:
        return int(await redis.delete(key(bench.namespace, "job", job_id, "private")))
    finally:
        await redis.aclose(close_connection_pool=True)


async def test_the_next_attempt_gets_it_nobody_reads_it_and_completion_takes_it_away(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_private", attempts=2)
        failed = await bench.finished(job_id)
        assert (failed.status, bench.words(job_id)) == (Status.FAILED, STEPS)
        lying = await what_lies_in_the_store(bench)
        assert "what plan said" in lying
        assert "what edit said" not in lying
        bench.gate.touch()
        await bench.store.retry(job_id, caller=None, request_id="r")
        job = await bench.finished(job_id)
        assert job.result == [f"what {name} said in attempt 1" for name in STEPS]
        assert (job.steps, bench.words(job_id)) == (STEPS, STEPS)
        assert not await lose_private(bench, job_id)


async def test_one_that_time_took_away_runs_again_with_those_after_it(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_private", attempts=1)
        await bench.finished(job_id)
        assert await lose_private(bench, job_id)
        bench.gate.touch()
        await bench.store.retry(job_id, caller=None, request_id="r")
        job = await bench.finished(job_id)
    assert job.status is Status.COMPLETED
    assert bench.words(job_id) == [*STEPS, "edit", "push"]
    assert (await bench.store.output(job_id, caller=None)).text == "plan edit push "


async def test_one_whose_key_is_gone_too(bench: Bench) -> None:
    async with bench.worker():
        job_id = await bench.submit("probe_private", attempts=1)
        await bench.finished(job_id)
    bench.gate.touch()
    bench.key = KeyRing.parse(base64.urlsafe_b64encode(os.urandom(32)).decode())
    async with bench.worker():
        await bench.store.retry(job_id, caller=None, request_id="r")
        job = await bench.finished(job_id)
    assert (job.status, job.steps) == (Status.COMPLETED, STEPS)
    assert bench.words(job_id) == [*STEPS, "edit", "push"]
    assert (await bench.store.output(job_id, caller=None)).text == "plan edit push "
