"""What somebody has damaged in the store is answered clearly, and never by a fault of ours."""

from __future__ import annotations

import pytest
import redis

from codeforge_common.store.keys import key
from tests.gateway.harness import TASK, Gateway


def damage(redis_url: str, namespace: str, job_id: str, *part: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(key(namespace, "job", job_id, *part), b"garbage\xff")


@pytest.mark.parametrize("call", ["GET", "DELETE", "POST retry", "GET events", "GET timeline", "GET output"])
async def test_a_job_whose_record_cannot_be_read_is_404(
    gateway: Gateway, redis_url: str, namespace: str, call: str
) -> None:
    job_id = await gateway.submit()
    damage(redis_url, namespace, job_id)
    method, _, below = call.partition(" ")
    answer = await gateway.client.request(method, f"/api/jobs/{job_id}" + (f"/{below}" if below else ""))
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


async def test_the_list_goes_on_without_it(gateway: Gateway, redis_url: str, namespace: str) -> None:
    damaged, sound = await gateway.submit(), await gateway.submit()
    damage(redis_url, namespace, damaged)
    assert [job["id"] for job in (await gateway.client.get("/api/jobs/user/ada")).json()["jobs"]] == [sound]


async def test_of_a_job_whose_data_cannot_be_read_the_rest_is_shown(
    gateway: Gateway, redis_url: str, namespace: str
) -> None:
    job_id = await gateway.submit(context={"repository": "octo/cat"})
    damage(redis_url, namespace, job_id, "body")
    job = await gateway.job(job_id)
    assert job["status"] == "waiting"
    assert job["data"] == {**TASK, "userMessage": job["title"], "agentType": None, "context": {}}
