"""An answer that gets lost, for each script: nothing runs a second time, is written twice, or is stranded.

The server did what it was asked to; the connection broke before it could say so. Each script loses its answer so often
that also the second try of a call (``caller.TRIES``) goes unanswered, and whoever called has to come again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import pytest

from codeforge_common.event_log import Audience, AudienceKind, EventTail
from codeforge_common.job import Status
from codeforge_common.store import Limits
from codeforge_common.store.caller import TRIES
from codeforge_common.store.limits import limits_of
from codeforge_gateway.settings import GatewaySettings
from codeforge_worker.settings import WorkerSettings
from tests.integration.conftest import Install
from tests.integration.scripts import digests
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import Bench

LOST = TRIES + 1
LINES = 20
NewProxy = Callable[[str], FaultProxy]


async def seqs(bench: Bench, job_id: str) -> Sequence[int]:
    """The numbers of the job's updates, in the log's order."""
    found: list[int] = []
    tail = EventTail(bench.url, namespace=bench.namespace)
    await tail.start()
    subscription = tail.subscribe(
        owner=None, deliver=lambda updates: found.extend(update.seq for update in updates), lost=lambda: None
    )
    await subscription.join(Audience(AudienceKind.JOB, job_id), since="0")
    await tail.stop()
    return found


async def told_once(bench: Bench, job_id: str) -> None:
    """The job was completed by one run, and everything that it said stands there once."""
    job = await bench.finished(job_id, within=60)
    assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, 0)
    assert bench.words(job_id) == ["begin", "end"]
    lines = [line.partition("] ")[2] for line in job.logs]
    assert [line for line in lines if line.startswith("line")] == [f"line {number}" for number in range(LINES)]
    assert len(lines) == len(set(lines)), "the store's own lines, too"
    assert job.progress == 100
    output = await bench.store.output(job_id, caller=None)
    assert output.text == "".join(f"{number} " for number in range(LINES))


class Losses:
    """Loses answers of scripts, and waits until all are lost."""

    def __init__(self, proxy: FaultProxy, limits: Limits) -> None:
        self._proxy = proxy
        self._shas = digests(limits)
        self._wanted = 0

    def lose(self, script: str, count: int = LOST) -> None:
        """The next ``count`` answers of the script."""
        self._wanted += count
        self._proxy.lose_replies(count, containing=self._shas[script])

    async def happened(self) -> None:
        """All that were asked for are lost."""
        await wait_for(lambda: self._proxy.lost == self._wanted, within=60, what=f"{self._wanted} lost answers")


@pytest.mark.timeout(240)
async def test_what_a_worker_asks(redis_url: str, namespace: str, new_proxy: NewProxy, bench: Bench) -> None:
    proxy = new_proxy(redis_url)
    settings: dict[str, Any] = {"redis_url": proxy.url(redis_url), "broker_url": redis_url}
    read = WorkerSettings(**bench.settings | settings)
    losses = Losses(proxy, limits_of(read, read, read))
    jobs = []
    losses.lose("announce")
    async with bench.worker(**settings) as worker:
        await losses.happened()
        for script in ("claim", "report", "renew", "reap"):
            losses.lose(script)
            jobs.append(await bench.submit("probe_tell", lines=LINES))
            await told_once(bench, jobs[-1])
            await losses.happened()
        for script in ("step", "hold"):
            losses.lose(script, 1)
            jobs.append(await bench.submit("probe_steps"))
            assert (await bench.finished(jobs[-1], within=60)).attempts_made == 1
            done = [word for word in bench.words(jobs[-1]) if not word.startswith("in:")]
            assert done == ["first", "second", "look", "make", "end"]
            await losses.happened()
        # It stops: what still runs ends without a claim.
        jobs.append(await bench.submit("probe_tell", lines=LINES))
        await bench.wrote(jobs[-1], "begin")
        worker.worker.stop()
        losses.lose("settle")
        await told_once(bench, jobs[-1])
        await losses.happened()
    async with bench.worker(**settings):
        losses.lose("close", 1)  # its last word
    await losses.happened()
    assert worker.count("fenced_total") == 0
    for job_id in jobs:
        assert await seqs(bench, job_id) == list(range(1, (await bench.job(job_id)).seq + 1))


@pytest.mark.timeout(240)
async def test_what_people_ask(new_redis: Callable[..., RedisServer], new_proxy: NewProxy, install: Install) -> None:
    """Two answers are lost, and the call is 503; the same call again, whose first answer is lost too, is answered."""
    server = new_redis()
    proxy = new_proxy(server.url)
    place = install(server.url, "gateway", REDIS_URL=proxy.url(server.url), BROKER_URL=server.url)
    read = GatewaySettings(job_lease_seconds=3)
    losses = Losses(proxy, limits_of(read, read, read, rate_burst=read.submit_rate_burst))
    async with place.bench.worker():
        pass  # it announces the job types
    again = {"Idempotency-Key": "a-key"}

    async def twice(script: str, method: str, path: str, **options: Any) -> httpx2.Response:
        losses.lose(script)
        refused = place.call(method, path, headers=again, **options)
        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        answered = place.call(method, path, headers=again, **options)
        await losses.happened()
        return answered

    created = await twice("create", "POST", "/api/jobs/probe-tell", json=place.order(lines=LINES))
    assert created.status_code == 202
    job_id = created.json()["jobId"]
    assert (await twice("cancel", "DELETE", f"/api/jobs/{job_id}")).status_code == 200
    assert (await twice("retry", "POST", f"/api/jobs/{job_id}/retry")).status_code == 200
    assert (await twice("get", "GET", f"/api/jobs/{job_id}")).json()["job"]["status"] == "waiting"
    assert (await twice("page", "GET", "/api/jobs/user/user-1")).json()["count"] == 1
    async with place.bench.worker():
        await told_once(place.bench, job_id)
    assert await seqs(place.bench, job_id) == list(range(1, (await place.bench.job(job_id)).seq + 1))
