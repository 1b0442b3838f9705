"""A stream doesn't outlive the token that it was opened with."""

from __future__ import annotations

import secrets
import time

import pytest

from codeforge_common.identity import LEEWAY_SECONDS
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK
from tests.gateway.routes.test_events import opened
from tests.gateway.test_identity import KEY, bearer


@pytest.mark.parametrize("path", ["/api/events", "/api/jobs/{jobId}/events"])
async def test_a_stream_ends_with_its_token_and_others_go_on(start: Start, path: str) -> None:
    gateway = await start(auth_mode="jwt", auth_jwt_secret=KEY, secrets_key=secrets.token_urlsafe(32))
    submitted = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=bearer("ada"))
    job_id = submitted.json()["jobId"]
    path = path.format(jobId=job_id)
    worker = gateway.worker()

    ends_at = int(time.time()) + 2
    short = bearer("ada", lifetime=ends_at - time.time() - LEEWAY_SECONDS + 0.5)
    async with (
        opened(gateway, path, headers=short) as ending,
        opened(gateway, path, headers=bearer("ada")) as staying,
    ):
        run = await worker.take()
        assert [(await ending.update())["status"] for _ in range(2)] == ["waiting", "active"]
        assert await ending.rest() == []
        assert ends_at <= time.time() < ends_at + 5, "by itself, long before the next comment"
        await worker.complete(run)
        assert [update["status"] for update in await staying.until("completed")] == ["waiting", "active", "completed"]

    assert (await gateway.client.get(path, headers=short)).status_code == 401
