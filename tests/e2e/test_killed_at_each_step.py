"""kill -9 at every step of one job: each time another worker goes on, in an empty folder, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.landing import CALLS, ENGLISH, STEPS, VIETNAMESE, ended, outside, record, said_in_the_chat, say
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.house import House
from tests.plugins.waiting import wait_for

PAID = ("route", "plan", "edit-1", "edit-2", "edit-3")
"""Steps that call the model."""


@pytest.fixture(scope="session")
def house_broker(redis_url: str) -> str:
    """One kind of broker will do: what is shown here lies beyond it."""
    return redis_url


def keeping(step: str) -> bytes:
    """What a worker sends to keep the step, as it passes by on the wire: a member of the script's arguments."""
    name = step.encode()
    return b"\xa4name" + bytes([0xA0 + len(name)]) + name


@pytest.mark.timeout(400)
async def test_killed_at_each_step(
    new_house: Callable[..., House], new_proxy: Callable[[str], FaultProxy], redis_url: str, tmp_path: Path
) -> None:
    with outside(tmp_path) as world:
        house = new_house(
            "gateway", **world.environment, JOB_LEASE_SECONDS="3", JOB_MAX_CRASHES="50", TMPDIR=str(tmp_path)
        )
        job_id = await say(house, said_in_the_chat())
        for number, step in enumerate(STEPS):
            proxy = new_proxy(redis_url)
            proxy.hold_requests(containing=keeping(step))
            worker = house.start("worker", name=f"worker-{number}", REDIS_URL=proxy.url(redis_url))
            await wait_for(lambda: proxy.held > 0, within=60, what=f"step {step}")  # noqa: B023
            worker.kill()
            assert (await record(house, job_id))["steps"] == STEPS[:number]
        house.start("worker", name="worker-last")
        job = await ended(house, job_id)
        requests = world.model.requests()
        branches = world.landing.branches()
        readmes = world.readme("main"), world.readme(f"codeforge/{job_id}")

    assert (job["status"], job["crashes"], job["attemptsMade"]) == ("completed", len(STEPS), 1)
    assert job["steps"] == STEPS
    assert len(requests) == CALLS + len(PAID)
    assert job["result"]["usage"]["calls"] == CALLS
    assert sorted(branches) == [f"codeforge/{job_id}", "main"]
    assert readmes == (ENGLISH, VIETNAMESE)
    assert world.github.git.pushes == 1
    assert world.github.count("POST .*/pulls") == len(world.github.state.pull_requests) == 1
