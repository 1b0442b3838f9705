"""Whatever is killed and started again, jobs go on: the server, and everything at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from codeforge_common.job import Status
from tests.integration.conftest import Install
from tests.integration.installation import Installation
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

LEASE_SECONDS = 3
RESTARTED_WITHIN = 2 * LEASE_SECONDS + 5
"""Seconds after which a lost run is run again where the server was restarted, too."""


class Story:
    """A child, an async run and a few short jobs, all of one chapter; its gate lets them end."""

    def __init__(self, place: Installation, name: str) -> None:
        self.place = place
        self.gate = place.bench.folder / name
        self.child, self.waits = (place.submit(kind, gate=str(self.gate)) for kind in ("probe_mule", "probe_wait"))

    async def begins(self) -> None:
        """Both run, and others wait."""
        await self.place.bench.wrote(self.child, "tick")
        await self.place.bench.wrote(self.waits, "begin")
        self.queued = [self.place.submit("probe_echo") for _ in range(5)]

    async def ends(self, *, crashes: int) -> None:
        """All are completed, what was queued without a crash."""
        self.gate.touch()
        lost = {self.child: crashes, self.waits: crashes} | dict.fromkeys(self.queued, 0)
        for job_id, expected in lost.items():
            job = await self.place.bench.finished(job_id, within=60)
            assert (job.status, job.attempts_made, job.crashes) == (Status.COMPLETED, 1, expected)


@pytest.mark.timeout(240)
async def test_processes_that_are_killed(new_redis: Callable[..., RedisServer], install: Install) -> None:
    server = new_redis("--appendonly", "yes", "--appendfsync", "everysec")
    place = install(server.url, "gateway", "notifier")
    worker = place.start_worker()
    await place.settled("gateway", "notifier", "worker")

    # The server, away for longer than a lease: what is async is handed back, a child goes on, and nothing is counted.
    story = Story(place, "server")
    await story.begins()
    server.kill()
    killed = time.monotonic()
    await place.bench.wrote(story.waits, "cancelled", within=30)
    await place.outlast_a_lease(killed)
    server.program.command[-1] = "always"  # from now on
    server.start()
    await place.bench.wrote(story.waits, "begin", times=2, within=30)
    await story.ends(crashes=0)
    assert place.bench.words(story.child).count("begin") == 1
    for name in ("gateway", "notifier", "worker"):
        await wait_for(lambda: place.ready(name), within=30, what=f"the {name}'s readiness")  # noqa: B023
    for name in ("gateway", "worker"):
        await place.said_so(name, "store")

    # All at once.
    story = Story(place, "all")
    await story.begins()
    for program in (worker.program, *place.house.programs.values(), server.program):
        program.kill()
    server.start()
    for name in ("gateway", "notifier"):
        place.house.start(name)
    place.start_worker("worker-2")
    for job_id in (story.waits, story.child):
        await place.bench.wrote(job_id, "begin", times=2, within=RESTARTED_WITHIN)
    await story.ends(crashes=1)
