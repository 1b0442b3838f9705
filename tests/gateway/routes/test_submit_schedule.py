"""When a submitted job begins, and how it stands among its user's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from codeforge_common.job import JobRecord
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway

CHAT = {"generationId": "s-1", "message": "Analyse it", "backgroundMode": True, "userId": "ada"}
SUBMITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/jobs/agent-task", TASK),
    ("/api/jobs/repo-analysis", TASK),
    ("/api/chat", CHAT),
)


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(("path", "body"), SUBMITS)
async def test_a_job_is_put_off(gateway: Gateway, path: str, body: dict[str, Any]) -> None:
    for wanted in ({"delaySeconds": 3600}, {"runAt": ahead(3600)}):
        answer = await gateway.client.post(path, json=body | wanted | {"priority": 7})
        assert answer.status_code == 202
        assert "queued" in answer.text
        job = await gateway.job(answer.headers["Location"].rpartition("/")[2])
        assert (job["status"], job["priority"], job["position"], job["ahead"]) == ("delayed", 7, None, None)
        due, created = (datetime.fromisoformat(job[name]) for name in ("runAt", "createdAt"))
        assert due - created > timedelta(minutes=59)
        assert set(job["data"]) == {"userId", "sessionId", "userMessage", "agentType", "context"}
        assert "delaySeconds" not in str(job["data"]) and "runAt" not in str(job["data"])


async def test_a_start_is_kept_to_the_millisecond(gateway: Gateway) -> None:
    year = datetime.now(UTC).year
    job = await gateway.job(await gateway.submit(runAt=f"{year + 1}-01-01T01:30:00.125+01:30"))
    assert job["runAt"] == f"{year + 1}-01-01T00:00:00.125Z"


@pytest.mark.parametrize("wanted", [{"runAt": "2001-01-01T00:00:00Z"}, {"delaySeconds": 0}, {"delaySeconds": None}])
async def test_a_start_in_the_past_is_now(gateway: Gateway, wanted: dict[str, Any]) -> None:
    job = await gateway.job(await gateway.submit(**wanted))
    assert (job["status"], job["runAt"], job["position"], job["ahead"]) == ("waiting", None, 1, 0)


async def test_a_job_that_was_put_off_becomes_claimable(gateway: Gateway) -> None:
    job_id = await gateway.submit(delaySeconds=0.05)
    page: list[JobRecord] = []

    async def look() -> None:
        while not page:
            await gateway.store.reap(again=True)
            page.extend((await gateway.store.page("ada", type="agent_task")).jobs)
            if page[0].status != "waiting":
                page.clear()
                await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), WITHIN)
    assert (await gateway.job(job_id))["runAt"] is None
    assert (await gateway.worker().take()).job_id == job_id


async def test_a_head_start_counts_among_the_users_own_jobs(gateway: Gateway) -> None:
    first = await gateway.submit()
    second = await gateway.submit(priority=3600)
    places = [(job["position"], job["ahead"]) for job in (await gateway.job(second), await gateway.job(first))]
    assert places == [(1, 0), (2, 1)]
    listed = (await gateway.client.get("/api/jobs/user/ada")).json()["jobs"]
    assert {(job["position"], job["ahead"]) for job in listed} == {(None, None)}
    worker = gateway.worker()
    assert [(await worker.take()).job_id for _ in range(2)] == [second, first]


@pytest.mark.parametrize(
    ("wanted", "path", "message"),
    [
        ({"delaySeconds": -1}, "delaySeconds", "should be at least 0"),
        ({"delaySeconds": 60.5}, "delaySeconds", "should be at most 60"),
        ({"delaySeconds": "5"}, "delaySeconds", "should be of type null or number"),
        ({"delaySeconds": True}, "delaySeconds", "should be of type null or number"),
        ({"runAt": 5}, "runAt", "should be of type null or string"),
        ({"runAt": "soon"}, "runAt", "should be an ISO-8601 time with its zone, such as 2026-11-24T06:47:00Z"),
        ({"runAt": "2999-01-01T00:00:00Z"}, "runAt", "should be at most 60 seconds from now"),
        ({"runAt": "2001-01-01T00:00:00Z", "delaySeconds": 1}, "runAt", "can't stand together with delaySeconds"),
        ({"priority": -1}, "priority", "should be at least 0"),
        ({"priority": 101}, "priority", "should be at most 100"),
        ({"priority": 1.5}, "priority", "should be of type null or integer"),
        ({"priority": "high"}, "priority", "should be of type null or integer"),
    ],
)
async def test_what_cant_be_promised_is_refused(start: Start, wanted: dict[str, Any], path: str, message: str) -> None:
    gateway = await start(job_delay_max_seconds=60, job_priority_max_seconds=100)
    for address, body in (SUBMITS[0], SUBMITS[2]):
        answer = await gateway.client.post(address, json=body | wanted)
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"path": path, "message": message}]
    assert (await gateway.client.get("/api/jobs/user/ada")).json()["count"] == 0


async def test_the_largest_values_are_taken(start: Start) -> None:
    gateway = await start(job_delay_max_seconds=60, job_priority_max_seconds=100)
    for wanted in ({"delaySeconds": 60}, {"runAt": ahead(59)}, {"priority": 100}):
        await gateway.submit(**wanted)


async def test_all_faults_are_told_with_those_of_a_start(gateway: Gateway) -> None:
    body = {"userId": "ada", "sessionId": "s-1", "runAt": "soon", "priority": -1, "context": {"branch": ""}}
    answer = await gateway.client.post("/api/jobs/agent-task", json=body)
    assert {fault["path"] for fault in answer.json()["errors"]} == {
        *("userMessage", "runAt", "priority", "context.branch")
    }


@pytest.mark.parametrize(("path", "body"), SUBMITS)
async def test_another_start_is_another_body(gateway: Gateway, path: str, body: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "k-1"}
    body = body | {"delaySeconds": 60, "priority": 1}
    first = await gateway.client.post(path, json=body, headers=headers)
    again = await gateway.client.post(path, json=body, headers=headers)
    others = [
        await gateway.client.post(path, json=body | change, headers=headers)
        for change in ({"delaySeconds": 61}, {"priority": 2}, {"delaySeconds": None, "runAt": ahead(60)})
    ]
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert [other.status_code for other in others] == [422, 422, 422]


async def test_a_job_that_waits_for_its_time_can_be_cancelled(gateway: Gateway) -> None:
    job_id = await gateway.submit(delaySeconds=3600)
    await gateway.client.delete(f"/api/jobs/{job_id}")
    job = await gateway.job(job_id)
    assert (job["status"], job["runAt"]) == ("cancelled", None)
