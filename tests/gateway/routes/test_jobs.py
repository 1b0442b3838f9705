from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway
from tests.plugins.waiting import wait_for


async def test_a_job_is_shown_whole(gateway: Gateway) -> None:
    job_id = await gateway.submit(context={"repository": "octo/cat"})
    worker = gateway.worker()
    run = await worker.take()
    await worker.say(run, progress=40, stage="Cloning", lines=["[06:47:48] Cloned"])

    job = await gateway.job(job_id)

    assert (job["status"], job["progress"], job["stage"], job["logs"]) == (
        "active",
        40,
        "Cloning",
        ["[06:47:48] Cloned"],
    )
    assert job["data"] == {**TASK, "agentType": None, "context": {"repository": "octo/cat"}}
    assert (job["attemptsMade"], job["attemptsMax"], job["crashes"]) == (1, 3, 0)
    assert job["createdAt"].endswith("Z")
    assert job["completedAt"] is None


async def test_a_long_result_is_whole_in_the_job_and_abridged_in_the_list(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    run = await worker.take()
    await worker.end(run, result='{"text":"' + "x" * 9000 + '"}', abridged='{"truncated":true}')

    page = (await gateway.client.get("/api/jobs/user/ada")).json()

    assert (await gateway.job(job_id))["result"] == {"text": "x" * 9000}
    assert page["jobs"][0]["result"] == {"truncated": True}


@pytest.mark.parametrize(
    "job_id", ["job_001m8658mk7eqvt6qnztp4z9y0g", "job_1", "x" * 5000, "..%2Fkeys", "%00", "{codeforge}", "stats"]
)
@pytest.mark.parametrize("call", ["GET", "DELETE", "POST retry", "GET events", "GET timeline", "GET output"])
async def test_an_unknown_job_is_404(gateway: Gateway, job_id: str, call: str) -> None:
    method, _, below = call.partition(" ")
    answer = await gateway.client.request(method, f"/api/jobs/{job_id}" + (f"/{below}" if below else ""))
    assert answer.status_code == 404
    assert answer.json()["code"] in ("job_not_found", "not_found")


@pytest.mark.parametrize("call", ["GET", "DELETE", "POST retry", "GET events", "GET timeline", "GET output"])
async def test_another_users_job_is_404(gateway: Gateway, call: str) -> None:
    job_id = await gateway.submit()
    method, _, below = call.partition(" ")
    path = f"/api/jobs/{job_id}" + (f"/{below}" if below else "")

    for other in ({"headers": {"X-User-Id": "grace"}}, {"params": {"userId": "grace"}}):
        answer = await gateway.client.request(method, path, **other)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert (await gateway.job(job_id))["status"] == "waiting"


async def test_known_clients_name_a_type_in_calls_about_one_job(gateway: Gateway) -> None:
    job_id = await gateway.submit("repo-analysis")
    answer = await gateway.client.get(f"/api/jobs/{job_id}?type=agent_task&whatever=1")
    assert answer.json()["job"]["type"] == "repo_analysis"


async def test_the_list_goes_from_page_to_page_newest_first(gateway: Gateway) -> None:
    ids = [await gateway.submit(userMessage=f"Task {number}") for number in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await gateway.client.get("/api/jobs/user/ada", params={"limit": 2, "cursor": cursor})).json()
        assert page["success"] is True
        assert page["count"] == len(page["jobs"]) <= 2
        seen += [job["id"] for job in page["jobs"]]
        cursor = page["nextCursor"]
    assert seen == ids[::-1]


async def test_the_list_is_filtered(gateway: Gateway) -> None:
    await gateway.submit("repo-analysis", sessionId="s-2")
    cancelled = await gateway.submit(sessionId="s-2")
    await gateway.client.delete(f"/api/jobs/{cancelled}")
    await gateway.submit(sessionId="s-3")

    async def found(**filters: str) -> int:
        count: int = (await gateway.client.get("/api/jobs/user/ada", params=filters)).json()["count"]
        return count

    assert await found() == 3
    assert await found(status="", type="", sessionId="", limit="", cursor="") == 3
    assert await found(status="cancelled") == 1
    assert await found(type="repo-analysis") == 1
    assert await found(sessionId="s-2") == 2
    assert await found(sessionId="s-2", status="waiting", type="agent_task") == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "no cursor of ours"}, "cursor"),
        ({"status": "sleeping"}, "status"),
        ({"sessionId": "x" * 201}, "sessionId"),
    ],
)
async def test_a_bad_query_is_400_and_not_repeated(gateway: Gateway, query: dict[str, Any], path: str) -> None:
    answer = await gateway.client.get("/api/jobs/user/ada", params=query)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid_request")
    assert [fault["path"] for fault in problem["errors"]] == [path]
    assert str(query[path]) not in problem["errors"][0]["message"].split()


async def test_all_bad_query_parameters_are_told_at_once(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/jobs/user/ada?limit=x&status=y")
    assert {fault["path"] for fault in answer.json()["errors"]} == {"limit", "status"}


async def test_a_user_id_in_the_path_has_its_limit(gateway: Gateway) -> None:
    assert (await gateway.client.get(f"/api/jobs/user/{'x' * 200}")).status_code == 200
    for bad in ("x" * 201, "%0A", "%00"):
        assert (await gateway.client.get(f"/api/jobs/user/{bad}")).status_code == 400


async def test_another_users_list_is_403(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/jobs/user/ada", headers={"X-User-Id": "grace"})
    assert (answer.status_code, answer.json()["code"]) == (403, "user_mismatch")


async def test_the_lists_cursor_is_where_events_go_on(gateway: Gateway) -> None:
    await gateway.submit()
    page = (await gateway.client.get("/api/jobs/user/ada")).json()
    await wait_for(lambda: gateway.tail.cursor == page["cursor"], within=WITHIN, what="the tail at the list's cursor")


async def test_a_user_whose_id_has_slashes_is_listed(gateway: Gateway) -> None:
    job_id = await gateway.submit(userId="org/ada")
    for path in ("org/ada", "org%2Fada"):
        page = (await gateway.client.get(f"/api/jobs/user/{path}")).json()
        assert [job["id"] for job in page["jobs"]] == [job_id]
    assert len(gateway.spans("GET /api/jobs/user/{userId}")) == 2


async def test_get_waits_for_the_end_of_a_job(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    run = await worker.take()
    getting = asyncio.create_task(gateway.client.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=10"}))
    await wait_for(lambda: bool(gateway.tail._feed.subscriptions), within=WITHIN, what="the waiting call")
    await worker.say(run, progress=50)
    await worker.complete(run, {"ok": True})

    answer = await asyncio.wait_for(getting, WITHIN)

    assert answer.json()["status"] == "completed"
    assert answer.json()["job"]["result"] == {"ok": True}
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert not gateway.tail._feed.subscriptions


async def test_get_waits_no_longer_than_allowed(start: Start) -> None:
    gateway = await start(prefer_wait_max_seconds=0.3)
    job_id = await gateway.submit()
    before = time.monotonic()
    answer = await gateway.client.get(f"/api/jobs/{job_id}", headers={"Prefer": "respond-async, wait=60"})
    assert 0.3 <= time.monotonic() - before < WITHIN
    assert list(answer.json()) == ["success", "job"]
    assert answer.headers["Preference-Applied"] == "wait=1"


async def test_a_client_that_goes_away_ends_the_waiting(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    getting = asyncio.create_task(gateway.client.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=20"}))
    await wait_for(lambda: bool(gateway.tail._feed.subscriptions), within=WITHIN, what="the waiting call")
    getting.cancel()
    await wait_for(lambda: not gateway.tail._feed.subscriptions, within=5, what="the end of the waiting")
    await wait_for(lambda: not gateway.server.server_state.tasks, within=5, what="the end of the request")
