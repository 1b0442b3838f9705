from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from codeforge_common.job import JobType
from codeforge_common.store import OutcomeKind
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway
from tests.plugins.waiting import wait_for

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"


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
@pytest.mark.parametrize("call", ["GET", "DELETE", "POST retry", "GET events"])
async def test_an_unknown_job_is_404(gateway: Gateway, job_id: str, call: str) -> None:
    method, _, below = call.partition(" ")
    answer = await gateway.client.request(method, f"/api/jobs/{job_id}" + (f"/{below}" if below else ""))
    assert answer.status_code == 404
    assert answer.json()["code"] in ("job_not_found", "not_found")


@pytest.mark.parametrize("call", ["GET", "DELETE", "POST retry", "GET events"])
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


async def test_a_waiting_job_is_cancelled_at_once_and_again(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    for _ in range(2):
        answer = await gateway.client.delete(f"/api/jobs/{job_id}")
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "message": "Job cancelled successfully"}
    assert (await gateway.job(job_id))["status"] == "cancelled"


async def test_a_running_job_is_marked(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    await gateway.worker().take()
    answer = await gateway.client.request("DELETE", f"/api/jobs/{job_id}", json={"reason": f"no time {TOKEN}"})
    job = await gateway.job(job_id)
    assert answer.status_code == 200
    assert (job["status"], job["cancelRequested"]) == ("active", True)
    assert job["logs"][-1].endswith("Cancel requested: no time [redacted]")


async def test_a_reason_has_its_limit(gateway: Gateway) -> None:
    for length, status in ((501, 400), (500, 200)):
        job_id = await gateway.submit()
        answer = await gateway.client.request("DELETE", f"/api/jobs/{job_id}", json={"reason": "x" * length})
        assert answer.status_code == status


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLETED, OutcomeKind.FAILED])
async def test_what_has_ended_is_not_cancelled(gateway: Gateway, kind: OutcomeKind) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), kind, result="1", reason="broken")
    answer = await gateway.client.delete(f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_state_conflict")


async def test_a_failed_job_runs_again_under_its_id(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")
    await worker.idle()

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry")

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Job retry initiated"}
    job = await gateway.job(job_id)
    assert (job["status"], job["attemptsMade"], job["failedReason"]) == ("waiting", 0, None)
    assert [rings for rings, _ in gateway.bell.rings] == [{"agent_task": 1}]


async def test_a_retry_sent_twice_with_one_key_is_one(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")
    headers = {"Idempotency-Key": "r-1"}
    await gateway.client.post(f"/api/jobs/{job_id}/retry", headers=headers)
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken again")

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", headers=headers)

    assert answer.status_code == 200
    assert (await gateway.job(job_id))["status"] == "failed"


async def test_only_failed_and_cancelled_jobs_run_again(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_state_conflict")


@pytest.mark.parametrize(
    "body", [{"githubContext": {"token": TOKEN}}, {"context": {"githubContext": {"token": TOKEN}}}]
)
async def test_a_retry_without_its_token_needs_a_new_one(start: Start, body: dict[str, Any]) -> None:
    gateway = await start(secrets_retry_seconds=0)
    job_id = await gateway.submit(githubContext={"token": "an-older-token"})
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")

    refused = await gateway.client.post(f"/api/jobs/{job_id}/retry")
    accepted = await gateway.client.post(f"/api/jobs/{job_id}/retry", json=body)

    assert (refused.status_code, refused.json()["code"]) == (409, "secret_expired")
    assert accepted.status_code == 200
    run = await worker.take()
    assert run.sealed is not None
    opened = gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada")
    assert opened == {"context.githubContext.token": TOKEN}


async def test_a_retry_brings_any_secret_field_of_its_type(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.password",))])
    job_id = await gateway.submit("deploy", context={"password": "one"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")

    await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"context": {"password": "two"}})

    run = await worker.take("deploy")
    assert run.sealed is not None
    assert gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada") == {"context.password": "two"}


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"githubContext": {"token": TOKEN}}, ["context.key"]),
        ({"context": {"key": "new-key"}}, ["context.githubContext.token"]),
    ],
)
async def test_a_retry_with_a_part_of_the_secrets_is_refused(
    gateway: Gateway, body: dict[str, Any], missing: list[str]
) -> None:
    """It would replace all of them, and the handler would miss the others."""
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.key",))])
    job_id = await gateway.submit("deploy", context={"key": "old-key"}, githubContext={"token": "old-token"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": path, "message": "is required"} for path in missing]
    assert (await gateway.job(job_id))["status"] == "failed"


async def test_a_retry_looks_for_a_type_that_this_gateway_doesnt_know_yet(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.password",))])
    job_id = await gateway.submit("deploy", context={"password": "one"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")
    del gateway.parts.types._known["deploy"]

    await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"context": {"password": "two"}})

    run = await worker.take("deploy")
    assert run.sealed is not None
    assert gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada") == {"context.password": "two"}


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
