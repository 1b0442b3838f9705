"""Lesson 7. What is done stays done: a job in steps. And the other way round: one call for many jobs.

A job that another worker takes over begins anew. That is a pity where half of it was done, and a mistake where it had
sent something. So a handler may work in *steps*: what ``ctx.step(name, …)`` returned is kept, and the next run gets it
instead of doing it again. ``ctx.effect(name, look, make)`` is a step with a consequence outside: it looks first, and
makes it only where it isn't. The job type of this lesson is ``write_letter`` in ``handlers.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.plugins.house import House
from tests.plugins.waiting import wait_until


def test_a_worker_dies_between_two_steps(new_house: Callable[..., House], job_types: Path, tmp_path: Path) -> None:
    """The next one goes on where it was, though it has nothing but the store."""
    # Given a letter that has been thought of, and whose writer waits for a stamp,
    house = new_house("gateway", "worker", PYTHONPATH=str(job_types), JOB_LEASE_SECONDS="3")
    stamp, box = tmp_path / "stamp", tmp_path / "box"
    box.mkdir()
    with httpx2.Client(base_url=house.url(), timeout=30) as gateway:
        order = {"userId": "ada", "sessionId": "lesson-7", "userMessage": "Write to Charles"}
        context = {"stamp": str(stamp), "box": str(box)}
        letter = gateway.post("/api/jobs/write-letter", json={**order, "context": context}).headers["Location"]

        def job(**headers: str) -> dict[str, Any]:
            seen: dict[str, Any] = gateway.get(letter, headers=headers).json()["job"]
            return seen

        wait_until(lambda: bool(job()["logs"]), within=30, what="the thought")
        assert job()["steps"] == ["think"]

        # when the worker is killed, another one is started, and there is a stamp,
        house.programs["worker"].kill()
        house.start("worker", name="worker-2")
        stamp.touch()

        # then the letter that is posted is the one that the first worker thought of,
        done = job(Prefer="wait=25")
        assert (done["status"], done["crashes"], done["steps"]) == ("completed", 1, ["think", "post"])
        first_thought = done["logs"][0].partition(" ")[2]
        assert done["result"]["text"] == first_thought

        # and it is in the box once, under a name that any worker would have looked for.
        (posted,) = box.iterdir()
        assert posted.name == f"{done['id']}:post"
        assert posted.read_text() == first_thought
        assert done["result"]["receipt"] == f"posted {posted.name}"


def test_one_call_for_many_jobs(gateway: httpx2.Client, submit: Callable[..., str]) -> None:
    """What costs as much for one as for thirty, such as a call of a model, may be done for several jobs at once."""
    # Given a handler that takes up to three jobs in one call, and lets the first wait a while for others,
    letters = [submit("deliver", address="1 Dorset Street")]

    # when two more come, one of which can't be done,
    letters += [submit("deliver", address="12 St James's Square"), submit("deliver")]

    # then they are done together, and each has an end of its own.
    ends = [gateway.get(letter, headers={"Prefer": "wait=25"}).json()["job"] for letter in letters]
    assert [job["result"] for job in ends] == ["Delivered with 2 others"] * 2 + [None]
    assert [job["failedReason"] for job in ends] == [None, None, "no_address: Where to?"]
