"""Lesson 5. A worker dies in the middle of its work, and nothing is lost.

A worker doesn't own the jobs that it runs. It holds a *lease* on each, which it renews every second. When it dies, the
leases run out: whoever notices first (every process looks, once a second) puts the jobs back. That is a *crash*, and
counted apart from failed attempts: the job isn't to blame.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.plugins.house import House
from tests.plugins.waiting import wait_until

JOBS = 6


def test_another_worker_goes_on(new_house: Callable[..., House], job_types: Path, tmp_path: Path) -> None:
    """kill -9 gives a worker no time to say anything; nor does a machine that burns."""
    # Given a house of its own, with short leases, where six jobs wait for a letter: a worker runs two at a time.
    house = new_house("gateway", "worker", PYTHONPATH=str(job_types), JOB_LEASE_SECONDS="3")
    letter = tmp_path / "letter"
    with httpx2.Client(base_url=house.url(), timeout=30) as gateway:

        def submit() -> str:
            order = {"userId": "ada", "sessionId": "lesson-5", "userMessage": "Read it to me"}
            answer = gateway.post("/api/jobs/await-letter", json={**order, "context": {"path": str(letter)}})
            return answer.headers["Location"]

        def stats() -> dict[str, int]:
            answer: dict[str, int] = gateway.get("/api/jobs/stats/queue").json()["stats"]
            return answer

        jobs = [submit() for _ in range(JOBS)]
        wait_until(lambda: (stats()["active"], stats()["waiting"]) == (2, 4), within=10, what="two jobs running")

        # When that worker is killed, another one is started, and the letter comes,
        house.programs["worker"].kill()
        house.start("worker", name="worker-2")
        letter.write_text("Nothing is lost")

        # then all six jobs are completed, each with its result,
        ended: list[dict[str, Any]] = [gateway.get(job, headers={"Prefer": "wait=25"}).json()["job"] for job in jobs]
        assert [job["result"] for job in ended] == ["Nothing is lost"] * JOBS

        # the two that ran when it happened by a second run, which cost them no attempt,
        crashed = [job for job in ended if job["crashes"]]
        assert len(crashed) == 2
        for job in crashed:
            assert (job["crashes"], job["attemptsMade"]) == (1, 1)
            assert any(line.endswith("Worker lost, waiting for another") for line in job["logs"])

        # and the books agree.
        assert stats() == {"waiting": 0, "active": 0, "completed": JOBS, "failed": 0, "delayed": 0, "total": JOBS}
