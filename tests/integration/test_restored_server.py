"""A server that comes back with files that are one second old, as after a power cut with AOF everysec or a failover."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import redis

from codeforge_common.errors import JobNotFound
from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

OVERLAP_SECONDS = 3
"""For which a run may overlap its successor: until its next answered renewal."""

STOPPED = {"first": (1, 0), "second": (1, 1)}
"""How many runs of each worker others hold (``fenced``), and how many jobs the server has forgotten (``vanished``)."""

BEGUN = {"claimed": 2, "returned": 3}
"""How often a job was begun, where that is more than once."""


def save(server: RedisServer) -> None:
    """Writes the files with which the server starts the next time."""
    with redis.Redis.from_url(server.url) as client:
        client.save()


def restore(server: RedisServer) -> None:
    """What happened since the last :func:`save` is lost."""
    server.kill()
    server.start()


@pytest.mark.timeout(180)
async def test_what_fell_into_the_second_that_was_lost(new_redis: Callable[..., RedisServer], install: Install) -> None:
    server = new_redis()
    place = install(server.url, "gateway")
    bench = place.bench
    jobs: dict[str, str] = {}

    async def begins(name: str, kind: str) -> None:
        jobs[name] = place.submit(kind, gate=str(bench.folder / name))
        await bench.wrote(jobs[name], "begin", within=30)

    # All slots are full; one job waits for the first to end.
    # Leases that outlast that second and the restart.
    bench.lease_seconds = 6
    place.start_worker("first", worker_types="probe_wait", worker_concurrency=2)
    for name in ("held", "ended"):
        await begins(name, "probe_wait")
    leaving = place.start_worker("leaving", worker_types="probe_wait_too", worker_concurrency=1, worker_grace_seconds=0)
    await begins("returned", "probe_wait_too")
    place.start_worker("second", worker_types="probe_wait_too,probe_wait", worker_concurrency=2)
    for name in ("one", "another"):
        await begins(name, "probe_wait_too")
    jobs["claimed"] = place.submit("probe_wait", gate=str(bench.folder / "claimed"))
    save(server)

    # The second that will be lost: a hand-back to another worker, ends, a claim, a submit.
    leaving.signal(signal.SIGTERM)
    assert leaving.exit_code(within=30) == 0
    (bench.folder / "ended").touch()
    await bench.wrote(jobs["claimed"], "begin")
    for name in ("one", "another"):
        (bench.folder / name).touch()
    await bench.wrote(jobs["returned"], "begin", times=2)
    await begins("missing", "probe_wait_too")
    restore(server)

    # Who holds what the server doesn't know of is stopped, and all else goes on as if nothing had been.
    for worker, told in STOPPED.items():
        await wait_for(
            lambda: (place.metric(worker, "fenced_total"), place.metric(worker, "jobs_vanished_total")) == told,  # noqa: B023
            within=2 * OVERLAP_SECONDS,
            what=f"the end of what the {worker} may not run",
        )
    await bench.wrote(jobs["claimed"], "begin", times=2, within=30)
    await bench.wrote(jobs["returned"], "begin", times=3, within=30)
    for name in jobs:
        (bench.folder / name).touch()
    with pytest.raises(JobNotFound):
        await bench.job(jobs.pop("missing"))
    for name, job_id in jobs.items():
        job = await bench.finished(job_id, within=30)
        # The lease of a worker that has left came back, too, and ran out.
        assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, int(name == "returned"))
        assert bench.words(job_id).count("begin") == BEGUN.get(name, 1)
        assert bench.words(job_id).count("end") == 1
