"""Every way in which a request can fail has the one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codeforge_common.errors import CodeForgeError, StoreUnavailable
from codeforge_gateway.problems import problem
from codeforge_gateway.views import answer
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, Gateway
from tests.plugins.redis_server import RedisServer

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"
MEMBERS = ["type", "title", "status", "detail", "instance", "success", "error", "code", "traceId"]


async def check(response: Any, *, status: int, code: str) -> None:
    document = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert list(document)[: len(MEMBERS)] == MEMBERS
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["success"] is False
    assert document["error"] == document["title"]
    assert document["type"] == f"/problems/{code}"
    assert len(document["traceId"]) == 32


async def test_a_path_that_isnt_served(gateway: Gateway) -> None:
    await check(await gateway.client.get("/api/nothing?token=x"), status=404, code="not_found")
    await check(await gateway.client.get("/api/jobs/stats/queue/"), status=404, code="not_found")


async def test_a_method_that_isnt_served_and_those_that_are(gateway: Gateway) -> None:
    for path, allow in (
        ("/api/jobs/agent-task", "DELETE, GET, HEAD, POST"),
        ("/api/chat", "POST"),
        ("/api/jobs/stats/queue", "GET, HEAD"),
    ):
        answer = await gateway.client.put(path, json={})
        await check(answer, status=405, code="method_not_allowed")
        assert answer.headers["Allow"] == allow


@pytest.mark.parametrize("type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_a_body_that_isnt_called_json(gateway: Gateway, type: str | None) -> None:
    headers = {"Content-Type": type} if type else {}
    answer = await gateway.client.post("/api/jobs/agent-task", content=b"{}", headers=headers)
    await check(answer, status=415, code="unsupported_media_type")


async def test_a_request_that_isnt_valid(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/jobs/agent-task", json={"userId": [TOKEN], TOKEN: 1})
    await check(answer, status=400, code="invalid_request")
    assert TOKEN not in answer.text
    assert all(set(fault) == {"path", "message"} for fault in answer.json()["errors"])


async def test_a_token_in_the_path_is_not_repeated(gateway: Gateway) -> None:
    answer = await gateway.client.get(f"/api/jobs/{TOKEN}?limit={TOKEN}")
    await check(answer, status=404, code="job_not_found")
    assert TOKEN not in answer.text


async def test_a_defect_of_ours(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"a defect with {TOKEN}")

    monkeypatch.setattr(gateway.store, "get", broken)
    answer = await gateway.client.get("/api/jobs/job_00000000000000000000000000a")
    await check(answer, status=500, code="internal_error")
    assert TOKEN not in answer.text
    assert "defect" not in answer.text


async def test_a_store_that_is_away(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable(retry_after=2.5)

    monkeypatch.setattr(gateway.store, "create", away)
    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    await check(answer, status=503, code="store_unavailable")
    assert answer.headers["Retry-After"] == "3"


async def test_after_an_answer_began_the_connection_is_cut(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an answer must not look like a whole one."""

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr(gateway.store, "unfinished", broken)
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        await gateway.client.get("/api/events?userId=ada")


def test_an_error_that_nobody_gave_a_status_is_ours() -> None:
    class Unheard(CodeForgeError):
        code = "unheard"

    response = problem(Unheard("a secret"), path="/x y")
    assert response.status_code == 500
    assert b"a secret" not in bytes(response.body)
    assert b'"instance":"/x%20y"' in bytes(response.body)


def test_lone_surrogates_are_answered_as_escapes() -> None:
    assert bytes(answer({"name": "\udc80"}).body) == b'{"name":"\\udc80"}'


async def test_a_disk_that_says_nothing_is_503_with_the_jobs_id_also_for_a_repeat(
    new_valkey: Callable[..., RedisServer], start: Start
) -> None:
    server = new_valkey("--appendonly", "yes", "--appendfsync", "no")
    gateway = await start(server=server.url, job_durability="fsync")
    told = []
    for _ in range(2):
        answer = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"Idempotency-Key": "k"})
        await check(answer, status=503, code="not_durable")
        assert int(answer.headers["Retry-After"]) >= 1
        told.append(answer.json()["jobId"])
    assert told[0] == told[1]
