"""Lesson 4. A job fails: by bad luck, for good, and until somebody says "again".

An *attempt* is one try of the handler. Whatever it raises is bad luck: the job waits a moment (``delayed``; each pause
is twice as long as the one before) and is tried again, three times in all unless its type says otherwise. A handler
that knows better raises ``Fail``. The handlers of this lesson are in ``tests/guide/handlers.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2

WAIT = {"Prefer": "wait=25"}


def test_bad_luck_is_tried_again(gateway: httpx2.Client, submit: Callable[..., str]) -> None:
    """Networks fail, services restart: most of what fails succeeds a moment later."""
    # Given a handler whose first two attempts fail, when a job meets it,
    job = gateway.get(submit("knock"), headers=WAIT).json()["job"]

    # then the third attempt completes it, and nobody had to do anything.
    assert job["status"] == "completed"
    assert job["result"] == "Come in!"
    assert (job["attemptsMade"], job["attemptsMax"]) == (3, 3)


def test_what_never_succeeds_fails_and_a_person_may_try_again(
    gateway: httpx2.Client, submit: Callable[..., str], tmp_path: Path
) -> None:
    """A failed job keeps its id, its log and the reason, for a week; and the way back is open."""
    # Given a job whose letter isn't there, and stays away for all attempts of its type,
    letter = tmp_path / "letter"
    job = submit("read-letter", path=str(letter))
    failed = gateway.get(job, headers=WAIT).json()["job"]
    assert failed["status"] == "failed"
    assert failed["attemptsMade"] == 2
    assert failed["failedReason"].startswith("FileNotFoundError: ")

    # when the cause is gone, and somebody retries it,
    letter.write_text("Dear worker")
    assert gateway.post(f"{job}/retry").json()["success"]

    # then the same job runs again, with its attempts from the start.
    done = gateway.get(job, headers=WAIT).json()["job"]
    assert done["status"] == "completed"
    assert done["result"] == "Dear worker"
    assert done["attemptsMade"] == 1
    assert done["failedReason"] is None


def test_what_cannot_succeed_is_not_tried_again(
    gateway: httpx2.Client, submit: Callable[..., str], tmp_path: Path
) -> None:
    """``Fail(code, message)``: a code for programs, a sentence for people, and no second attempt."""
    # Given a letter that is a folder, when a job wants to read it,
    job = gateway.get(submit("read-letter", path=str(tmp_path)), headers=WAIT).json()["job"]

    # then it fails at its first attempt.
    assert job["status"] == "failed"
    assert job["failedReason"] == "not_a_letter: That is a folder."
    assert job["attemptsMade"] == 1
