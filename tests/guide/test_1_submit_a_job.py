"""Lesson 1. A job is submitted over HTTP, done in the background, and its result fetched.

Three processes take part. The *gateway* answers HTTP. A *worker* does the work. The *notifier* tells browsers about it
(lesson 2). They never talk to each other: all that they know of a job lies in the *store*, a Redis or Valkey.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2


def order(repository: Path) -> dict[str, Any]:
    """What a chat application sends: who asks, in which conversation, for what."""
    return {
        "userId": "ada",
        "sessionId": "lesson-1",
        "userMessage": "Analyze this repository",
        "context": {"repository": str(repository)},
    }


def test_a_job_is_accepted_at_once_and_its_result_fetched_later(gateway: httpx2.Client, repository: Path) -> None:
    """The answer to a submit doesn't wait for the work, so the chat stays usable."""
    # Given a git repository, when Ada asks for its analysis,
    answer = gateway.post("/api/jobs/agent-task", json=order(repository))

    # then she has an id at once: the job is in the store, and nothing but a lost store loses it.
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    job_id = answer.json()["jobId"]

    # A worker was idle and has begun. Who wants to wait for the end says for how long: here up to 25 seconds.
    job = gateway.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=25"}).json()["job"]
    assert job["status"] == "completed"
    assert job["progress"] == 100

    # The result is what the handler of this job type returned; an agent's holds its answer in Markdown.
    assert job["result"]["workflow"] == "analyze"
    assert "Python" in job["result"]["result"]

    # The job remembers what happened, line by line, in the words for people.
    assert any(line.endswith("Cloning repository...") for line in job["logs"])


def test_a_person_finds_all_her_jobs_and_nobody_else_s(gateway: httpx2.Client, repository: Path) -> None:
    """Jobs belong to whoever submitted them; to others they don't exist."""
    # Given a job of Ada's,
    job_id = gateway.post("/api/jobs/agent-task", json=order(repository)).json()["jobId"]

    # when she asks for her jobs, it is the first: they come newest first.
    assert gateway.get("/api/jobs/user/ada").json()["jobs"][0]["id"] == job_id

    # When Bob asks for it, there is no such job.
    assert gateway.get(f"/api/jobs/{job_id}", headers={"X-User-Id": "bob"}).status_code == 404


def test_a_submit_that_is_repeated_makes_one_job(gateway: httpx2.Client, repository: Path) -> None:
    """A client that got no answer may send again without fear, if both carry the same key."""
    # Given a submit with a key of the client's choice, when it is sent twice,
    key = {"Idempotency-Key": "lesson-1-again"}
    first, second = (gateway.post("/api/jobs/agent-task", json=order(repository), headers=key) for _ in range(2))

    # then both got the same answer about the same job.
    assert first.json() == second.json()


def test_a_submit_that_cannot_be_understood_says_all_that_is_wrong(gateway: httpx2.Client) -> None:
    """Errors have one shape everywhere (RFC 9457) and name each fault at once."""
    # When somebody submits nearly nothing,
    answer = gateway.post("/api/jobs/agent-task", json={"userId": "ada"})

    # then no job is made, and the answer says what is missing.
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert {error["path"] for error in answer.json()["errors"]} == {"sessionId", "userMessage"}
