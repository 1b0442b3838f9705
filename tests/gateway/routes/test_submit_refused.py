"""Submits that are refused for now: 429 and 503, and when they may come again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from codeforge_common.errors import StoreFull
from codeforge_gateway.cluster_watch import look_at_server
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway
from tests.plugins.redis_server import RedisServer

MIB = 1024 * 1024


async def test_the_rate_is_told_and_kept(start: Start) -> None:
    gateway = await start(submit_rate_limit=60, submit_rate_burst=2)

    first = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    second = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    third = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    other = await gateway.client.post("/api/jobs/agent-task", json=TASK | {"userId": "grace"})

    assert first.headers["RateLimit-Policy"] == '"submit";q=2;w=2'
    assert first.headers["RateLimit"].startswith('"submit";r=1;t=')
    assert second.headers["RateLimit"].startswith('"submit";r=0;t=')
    assert (third.status_code, third.json()["code"]) == (429, "rate_limited")
    assert third.headers["Retry-After"] == "1"
    assert third.headers["RateLimit"] == '"submit";r=0;t=1'
    assert third.headers["RateLimit-Policy"] == '"submit";q=2;w=2'
    assert other.status_code == 202


async def test_a_refused_submit_is_not_remembered(start: Start) -> None:
    gateway = await start(submit_rate_limit=600, submit_rate_burst=1)
    await gateway.submit()
    headers = {"Idempotency-Key": "k-1"}
    refused = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    assert refused.status_code == 429

    async def accepted() -> dict[str, Any]:
        while True:
            answer = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
            if answer.status_code == 202:
                body: dict[str, Any] = answer.json()
                return body
            await asyncio.sleep(float(answer.headers["Retry-After"]) / 10)

    body = await asyncio.wait_for(accepted(), WITHIN)
    assert (await gateway.job(body["jobId"]))["status"] == "waiting"


async def test_the_last_job_that_may_wait_is_accepted_and_a_claim_makes_room(start: Start) -> None:
    gateway = await start(user_max_waiting=3)
    for number in range(3):
        await gateway.submit(userMessage=f"Task {number}")

    refused = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiting")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "RateLimit" not in refused.headers, "waiting for a rate wouldn't help"
    await gateway.submit(userId="grace")

    await gateway.worker().take()
    await gateway.submit()
    again = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert again.status_code == 429


async def test_a_repeat_is_answered_where_a_new_submit_is_refused(start: Start) -> None:
    gateway = await start(user_max_waiting=1, submit_rate_limit=60, submit_rate_burst=1)
    headers = {"Idempotency-Key": "k-1"}
    first = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    repeated = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    assert repeated.status_code == 202
    assert repeated.json() == first.json()
    refused = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert refused.status_code == 429


async def test_a_full_store_refuses_new_jobs_and_lets_people_act_on_theirs(
    new_redis: Callable[..., RedisServer], start: Start
) -> None:
    """``/readyz`` turns before that. The server is filled by somebody else; what ran out comes back."""
    gateway = await start(server=new_redis().url, store_max_bytes=16 * MIB)
    job_id = await gateway.submit()
    headers = {"Idempotency-Key": "k-1"}
    before = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    redis = gateway.store._redis

    async def fill(share: float) -> None:
        await redis.delete("ballast")
        used = (await redis.info("memory"))["used_memory"]
        await redis.setrange("ballast", round(share * 16 * MIB) - used, "x")
        await gateway.store.reap(again=True)
        await look_at_server(gateway.parts)

    await fill(0.92)
    assert gateway.parts.readiness.report()[1]["memory"]["ok"] is False
    assert (await gateway.client.get("/readyz")).status_code == 503
    await gateway.submit()

    await fill(0.97)
    refused = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert (refused.status_code, refused.json()["code"]) == (503, "store_full")
    assert refused.headers["Retry-After"] == "5"
    repeated = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    assert repeated.json() == before.json()
    assert (await gateway.client.delete(f"/api/jobs/{job_id}")).status_code == 200
    assert (await gateway.job(job_id))["status"] == "cancelled"

    await fill(0.5)
    assert gateway.parts.readiness.report()[1]["memory"]["ok"] is True
    await gateway.submit()


async def test_a_server_that_has_no_memory_left_is_a_full_store(
    new_redis: Callable[..., RedisServer], start: Start
) -> None:
    gateway = await start(server=new_redis().url)
    job_id = await gateway.submit()
    await gateway.store._redis.config_set("maxmemory", 1)
    refused = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert (refused.status_code, refused.json()["code"]) == (503, "store_full")
    assert int(refused.headers["Retry-After"]) >= 1
    assert (await gateway.client.delete(f"/api/jobs/{job_id}")).status_code == 200
    assert (await gateway.client.get(f"/api/jobs/{job_id}/timeline")).status_code == 200


async def test_a_chat_is_refused_in_the_same_way(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> Any:
        raise StoreFull("No room.", retry_after=7.0)

    monkeypatch.setattr(gateway.store, "create", full)
    body = {"generationId": "s-1", "message": "Analyse it", "backgroundMode": True}
    answer = await gateway.client.post("/api/chat", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_full")
    assert answer.headers["Retry-After"] == "7"
