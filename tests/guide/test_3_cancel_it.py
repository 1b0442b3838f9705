"""Lesson 3. A job is cancelled.

The handler of ``await-letter`` waits for a file (``tests/guide/handlers.py``): here jobs run as long as the lesson
likes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.plugins.waiting import wait_until

WAIT = {"Prefer": "wait=25"}


def runs(gateway: httpx2.Client, job: str) -> bool:
    """Whether a worker has begun with the job."""
    return bool(gateway.get(job).json()["job"]["status"] == "active")


def test_a_running_job_is_told_and_may_tidy_up(
    gateway: httpx2.Client, submit: Callable[..., str], tmp_path: Path
) -> None:
    """Nothing is torn out of a handler's hands: the task that runs it is cancelled, as asyncio does it."""
    # Given a job that runs and would wait for ever,
    job = submit("await-letter", path=str(tmp_path / "letter"))
    wait_until(lambda: runs(gateway, job), within=10, what="the start")

    # when it is cancelled,
    assert gateway.delete(job).json() == {"success": True, "message": "Job cancelled successfully"}

    # then it is told, and when its handler has stopped, it is at rest.
    ended = gateway.get(job, headers=WAIT).json()["job"]
    assert ended["status"] == "cancelled"
    assert ended["logs"][-1].endswith("Tidied up")


def test_a_waiting_job_never_starts(gateway: httpx2.Client, submit: Callable[..., str], tmp_path: Path) -> None:
    """What waits is in nobody's hands: it is cancelled at once."""
    # Given a worker with its hands full (it runs two jobs at a time), and a third job that waits,
    letter = tmp_path / "letter"
    running = [submit("await-letter", path=str(letter)) for _ in range(2)]
    wait_until(lambda: all(runs(gateway, job) for job in running), within=10, what="two jobs running")
    third = submit("await-letter", path=str(letter))

    # when the third is cancelled and the others end,
    gateway.delete(third)
    letter.write_text("Dear worker")
    for job in running:
        assert gateway.get(job, headers=WAIT).json()["job"]["result"] == "Dear worker"

    # then it is cancelled and was never begun.
    ended = gateway.get(third).json()["job"]
    assert (ended["status"], ended["startedAt"]) == ("cancelled", None)


def test_what_has_ended_cannot_be_cancelled(gateway: httpx2.Client, submit: Callable[..., str], tmp_path: Path) -> None:
    """A second cancel is no error, but one that comes too late is: its sender should know."""
    # Given a job that is done,
    letter = tmp_path / "letter"
    letter.write_text("Dear worker")
    job = submit("await-letter", path=str(letter))
    gateway.get(job, headers=WAIT)

    # when somebody cancels it, then that is refused, and the result stands.
    assert gateway.delete(job).status_code == 409
    assert gateway.get(job).json()["job"]["status"] == "completed"
