from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"
CHAT = {"generationId": "g-1", "message": "Analyse octo/cat", "backgroundMode": True}


async def test_a_background_message_becomes_a_job(gateway: Gateway) -> None:
    body: dict[str, Any] = CHAT | {
        "githubContext": {"token": TOKEN, "username": "ada", "email": None},
        "currentFiles": ["a.py"],
        "language": "python",
        "imageUrls": ["https://example.org/a.png"],
    }
    answer = await gateway.client.post("/api/chat", json=body, headers={"X-User-Id": "ada"})

    assert answer.status_code == 202
    data = answer.json()["data"]
    assert answer.json() == {"success": True, "data": data}
    assert data["status"] == "queued"
    assert data["backgroundMode"] is True
    assert data["message"] == "Your request is being processed in the background. You can continue chatting!"
    assert answer.headers["Location"] == f"/api/jobs/{data['jobId']}"
    run = await gateway.worker().take()
    assert run.data == {
        "userId": "ada",
        "sessionId": "g-1",
        "userMessage": "Analyse octo/cat",
        "agentType": None,
        "context": {
            "githubContext": {"username": "ada"},
            "currentFiles": ["a.py"],
            "language": "python",
            "imageUrls": ["https://example.org/a.png"],
        },
    }
    assert run.sealed is not None
    opened = gateway.parts.keyring.open(run.sealed, job_id=data["jobId"], user_id="ada")
    assert opened == {"context.githubContext.token": TOKEN}


async def test_who_names_nobody_chats_as_local(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/chat", json=CHAT)
    job = await gateway.job(answer.json()["data"]["jobId"])
    assert job["data"]["userId"] == "local"
    assert (await gateway.client.get("/api/jobs/user/local")).json()["count"] == 1


async def test_the_body_may_name_the_user_but_no_other(gateway: Gateway) -> None:
    named = await gateway.client.post("/api/chat", json=CHAT | {"userId": "ada"})
    other = await gateway.client.post("/api/chat", json=CHAT | {"userId": "ada"}, headers={"X-User-Id": "grace"})
    assert (await gateway.job(named.json()["data"]["jobId"]))["data"]["userId"] == "ada"
    assert (other.status_code, other.json()["code"]) == (403, "user_mismatch")


@pytest.mark.parametrize("mode", [{}, {"backgroundMode": False}, {"backgroundMode": None}])
async def test_a_foreground_message_is_answered_in_the_conversation(gateway: Gateway, mode: dict[str, Any]) -> None:
    answer = await gateway.client.post("/api/chat", json={"generationId": "g-1", "message": "Hello"} | mode)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert answer.json() == {"success": True, "data": {"message": data["message"], "backgroundMode": False}}
    assert "Background" in data["message"]
    assert (await gateway.client.get("/api/jobs/user/local")).json()["count"] == 0


@pytest.mark.parametrize(("message", "offered"), [("Analyse octo/cat", True), ("Update the readme in octo/cat", False)])
async def test_without_a_model_only_an_analysis_is_offered_the_background(
    gateway: Gateway, message: str, offered: bool
) -> None:
    answer = await gateway.client.post("/api/chat", json={"generationId": "g-1", "message": message})
    data = answer.json()["data"]
    assert data.get("suggestBackground", False) is offered
    assert ("No model is configured for this chat" in data["message"]) is not offered


async def test_all_faults_are_told_at_once(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/chat", json={"backgroundMode": "yes", "githubContext": {"token": 7}})
    assert answer.status_code == 400
    assert {fault["path"] for fault in answer.json()["errors"]} == {
        "generationId",
        "message",
        "backgroundMode",
        "githubContext.token",
    }


async def test_a_chat_waits_too(gateway: Gateway) -> None:
    chatting = asyncio.create_task(gateway.client.post("/api/chat", json=CHAT, headers={"Prefer": "wait=10"}))
    async with asyncio.timeout(10):
        while not (await gateway.store.page("local")).jobs:
            await asyncio.sleep(0.01)
    worker = gateway.worker()
    await worker.complete(await worker.take(), "done")
    answer = await chatting
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["job"]["result"]) == ("completed", "done")


async def test_a_chat_counts_for_the_rate(start: Start) -> None:
    gateway = await start(submit_rate_limit=1, submit_rate_burst=1)
    statuses = [(await gateway.client.post("/api/chat", json=CHAT)).status_code for _ in range(2)]
    assert statuses == [202, 429]
