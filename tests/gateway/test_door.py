from __future__ import annotations

import pytest

from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, Gateway

PAGE = "https://chat.example.org"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", ""])
async def test_development_mode_answers_only_to_its_hosts(gateway: Gateway, host: str) -> None:
    answer = await gateway.client.get("/api/jobs/user/ada", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "host_not_allowed")
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
async def test_on_any_port(gateway: Gateway, host: str) -> None:
    assert (await gateway.client.get("/api/jobs/user/ada", headers={"Host": host})).status_code == 200


async def test_foreign_pages_change_nothing(gateway: Gateway) -> None:
    """A browser sends a POST without a body from any page, without asking first."""
    job_id = await gateway.submit()
    await gateway.client.delete(f"/api/jobs/{job_id}")
    for origin in (PAGE, "null"):
        answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert (await gateway.job(job_id))["status"] == "cancelled"

    own = await gateway.client.post(f"/api/jobs/{job_id}/retry", headers={"Origin": gateway.url})
    assert own.status_code == 200


async def test_no_other_origin_may_read_by_default(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/jobs/user/ada", headers={"Origin": PAGE})
    assert "access-control-allow-origin" not in answer.headers


async def test_origins_that_are_named_may_call_and_read_everything(start: Start) -> None:
    gateway = await start(cors_origins=PAGE)
    asked = await gateway.client.options(
        "/api/jobs/agent-task",
        headers={
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,prefer,x-user-id",
        },
    )
    accepted = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"Origin": PAGE})
    refused = await gateway.client.post("/api/jobs/agent-task", json={}, headers={"Origin": PAGE})
    foreign = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"Origin": "https://evil.example"})

    assert asked.status_code == 200
    for answer in (asked, accepted, refused):
        assert answer.headers["access-control-allow-origin"] == PAGE
    assert "Location" in accepted.headers["access-control-expose-headers"]
    assert (accepted.status_code, refused.status_code, foreign.status_code) == (202, 400, 403)
    assert "access-control-allow-origin" not in foreign.headers
