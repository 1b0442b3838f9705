from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from codeforge_common.job import BUILT_IN_TYPES, JobType
from codeforge_common.secrets import KeyRing
from codeforge_gateway.settings import GatewaySettings
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"


async def test_a_submit_is_accepted_stored_and_rung_for(gateway: Gateway) -> None:
    worker = gateway.worker()
    await worker.idle()

    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK | {"agentType": "reviewer"})

    body = answer.json()
    assert answer.status_code == 202
    assert body == {
        "success": True,
        "jobId": body["jobId"],
        "status": "queued",
        "message": "Task submitted to background queue",
    }
    assert answer.headers["Location"] == f"/api/jobs/{body['jobId']}"
    ((rings, _),) = gateway.bell.rings
    assert rings == {"agent_task": 1}
    run = await worker.take()
    assert (run.job_id, run.user_id, run.session_id) == (body["jobId"], "ada", "s-1")
    assert run.data == {**TASK, "agentType": "reviewer", "context": {}}


async def test_nobody_is_rung_for_while_no_worker_has_a_free_slot(gateway: Gateway) -> None:
    await gateway.submit()
    assert gateway.bell.rings == []


async def test_all_faults_are_told_at_once_and_missing_fields_by_name(gateway: Gateway) -> None:
    answer = await gateway.client.post(
        "/api/jobs/agent-task", json={"userMessage": 5, "context": {"branch": "", "files": ["a", 7]}}
    )

    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "invalid_request"
    assert problem["detail"] == "Missing: userId, sessionId."
    assert {(fault["path"], fault["message"]) for fault in problem["errors"]} == {
        ("userId", "is required"),
        ("sessionId", "is required"),
        ("userMessage", "should be of type string"),
        ("context.branch", "should not be empty"),
        ("context.files.1", "should be of type string"),
    }


async def test_the_type_may_be_written_with_dashes_or_underscores(gateway: Gateway) -> None:
    for word in ("code-generation", "code_generation"):
        job = await gateway.job(await gateway.submit(word))
        assert job["type"] == "code_generation"


async def test_an_unknown_type_is_404(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/jobs/no-such-type", json=TASK)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job_type")
    assert answer.json()["types"] == sorted(type.name for type in BUILT_IN_TYPES)


async def test_a_type_whose_schema_is_none_is_said_to_be_so(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="broken", context_schema={"type": "objekt"})])
    answer = await gateway.client.post("/api/jobs/broken", json=TASK)
    assert answer.status_code == 404
    assert "is no valid JSON schema" in answer.json()["detail"]


async def test_a_type_announced_a_moment_ago_is_known_and_its_schema_holds(gateway: Gateway) -> None:
    schema = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 5}}}
    await gateway.store.announce([JobType(name="translate", context_schema=schema)])

    good = await gateway.client.post("/api/jobs/translate", json=TASK | {"context": {"text": "hello"}})
    bad = await gateway.client.post("/api/jobs/translate", json=TASK | {"context": {"text": "good morning"}})
    none = await gateway.client.post("/api/jobs/translate", json=TASK)

    assert good.status_code == 202
    assert bad.json()["errors"] == [{"path": "context.text", "message": "should have at most 5 characters"}]
    assert none.json()["errors"] == [{"path": "context.text", "message": "is required"}]


async def test_a_type_announced_anew_is_checked_and_sealed_anew(gateway: Gateway) -> None:
    """The gateway has read the old announcement; the store refuses it, and a new secret field is never stored."""
    await gateway.store.announce([JobType(name="deploy")])
    await gateway.parts.types.refresh()
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.password",))])

    job_id = await gateway.submit("deploy", context={"password": "hunter22", "target": "east"})

    run = await gateway.worker().take("deploy")
    assert run.data["context"] == {"target": "east"}
    assert run.sealed is not None
    assert gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada") == {"context.password": "hunter22"}


async def test_a_store_that_was_emptied_takes_the_built_in_types_again(gateway: Gateway, namespace: str) -> None:
    redis = gateway.store._redis
    for key in await redis.keys(f"*{namespace}*"):
        await redis.delete(key)

    await gateway.submit()


@pytest.mark.parametrize(
    "place",
    [
        {"context": {"githubContext": {"token": TOKEN, "username": "ada"}}},
        {"githubContext": {"token": TOKEN, "username": "ada"}},
        {"githubContext": {"token": TOKEN, "username": "ada", "email": None}, "context": {"githubContext": None}},
    ],
)
async def test_a_github_token_is_sealed_wherever_it_stands(gateway: Gateway, place: dict[str, Any]) -> None:
    job_id = await gateway.submit(**place)

    run = await gateway.worker().take()
    assert run.data["context"] == {"githubContext": {"username": "ada"}}
    assert run.sealed is not None
    opened = gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada")
    assert opened == {"context.githubContext.token": TOKEN}


async def test_a_token_is_nowhere_but_under_its_own_key(
    gateway: Gateway, namespace: str, capfd: pytest.CaptureFixture[str]
) -> None:
    await gateway.submit(context={"githubContext": {"token": TOKEN}, "deep": [{"githubContext": {"token": TOKEN}}]})
    refused = await gateway.client.post(
        "/api/jobs/agent-task", json={"userId": TOKEN * 20, "context": {"githubContext": {"token": [TOKEN]}}}
    )

    assert refused.status_code == 400
    assert TOKEN not in refused.text
    redis = gateway.store._redis
    for key in await redis.keys(f"*{namespace}*"):
        assert TOKEN.encode() not in (await redis.dump(key) or b""), key
    spans = "".join(span.to_json() for span in gateway.spans_kept.get_finished_spans())
    assert TOKEN not in spans
    assert TOKEN not in "".join(capfd.readouterr())


async def test_a_token_that_stands_a_second_time_is_redacted_there(gateway: Gateway, namespace: str) -> None:
    token = "plain-looking-value"  # no shape gives it away
    await gateway.submit(
        userMessage=f"Clone it with {token}, or https://ada:pass-word@git.example.org/a/b",
        agentType=token,
        githubContext={"token": token, "username": token},
        context={"branch": f"x-{token}", "files": [token], token: {"GITHUBCONTEXT": {"auth": {"token": token}}}},
    )

    redis = gateway.store._redis
    for key in await redis.keys(f"*{namespace}*"):
        stored = await redis.dump(key) or b""
        assert token.encode() not in stored, key
        assert b"pass-word" not in stored, key
    run = await gateway.worker().take()
    assert run.data["userMessage"] == "Clone it with [redacted], or https://[redacted]@git.example.org/a/b"


@pytest.mark.parametrize("field", ["userId", "sessionId"])
async def test_a_token_in_an_id_is_refused(gateway: Gateway, field: str) -> None:
    token = "plain-looking-value"
    body = TASK | {field: f"x{token}", "githubContext": {"token": token}}
    answer = await gateway.client.post("/api/jobs/agent-task", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": field, "message": "holds a secret"}]
    assert token not in answer.text


async def test_a_context_beside_and_one_inside_are_merged(gateway: Gateway) -> None:
    job_id = await gateway.submit(
        githubContext={"token": TOKEN, "username": "outer"},
        context={"githubContext": {"username": "inner", "email": "a@example.org", "token": None}},
    )
    run = await gateway.worker().take()
    assert run.data["context"] == {"githubContext": {"username": "inner", "email": "a@example.org"}}
    assert run.sealed is not None
    opened = gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada")
    assert opened == {"context.githubContext.token": TOKEN}


async def test_credentials_in_a_repositorys_address_are_refused(gateway: Gateway) -> None:
    body = TASK | {"context": {"repository": "https://ada:pass-word@github.com/a/b"}}
    answer = await gateway.client.post("/api/jobs/repo-analysis", json=body)
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["errors"]] == ["context.repository"]
    assert "pass-word" not in answer.text


async def test_sealed_with_the_installations_key(gateway: Gateway) -> None:
    job_id = await gateway.submit(githubContext={"token": TOKEN})
    run = await gateway.worker().take()
    other = KeyRing.from_settings(GatewaySettings(state_dir=gateway.parts.settings.state_dir))
    assert run.sealed is not None
    assert other.open(run.sealed, job_id=job_id, user_id="ada")["context.githubContext.token"] == TOKEN


async def test_the_same_key_and_body_are_one_job(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await gateway.client.post(
        "/api/jobs/agent-task", json=TASK | {"githubContext": {"token": "one"}}, headers=headers
    )
    again = await gateway.client.post(
        "/api/jobs/agent-task", json=TASK | {"githubContext": {"token": "two"}}, headers=headers
    )

    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    page = await gateway.client.get("/api/jobs/user/ada")
    assert page.json()["count"] == 1


async def test_a_key_with_another_body_is_422(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK | {"sessionId": "s-2"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_conflict")


async def test_a_key_belongs_to_one_user_and_one_route(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k-1"}
    answers = [
        await gateway.client.post(path, json=body, headers=headers)
        for path, body in (
            ("/api/jobs/agent-task", TASK),
            ("/api/jobs/agent-task", TASK | {"userId": "grace"}),
            ("/api/jobs/repo-analysis", TASK),
            ("/api/chat", {"generationId": "s-1", "message": "hello", "backgroundMode": True, "userId": "ada"}),
        )
    ]
    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 4


async def test_a_job_that_ends_in_time_is_the_answer(gateway: Gateway) -> None:
    submitting = asyncio.create_task(
        gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"Prefer": "wait=10"})
    )
    worker = gateway.worker()
    run = await _next_run(gateway, worker)
    await worker.complete(run, {"summary": "small"})

    answer = await asyncio.wait_for(submitting, WITHIN)

    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == ["success", "jobId", "status", "job"]
    assert (body["jobId"], body["status"]) == (run.job_id, "completed")
    assert body["job"]["result"] == {"summary": "small"}
    assert answer.headers["Preference-Applied"] == "wait=10"


async def test_a_job_that_takes_longer_is_answered_as_usual(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["Preference-Applied"] == "wait=1"


async def _next_run(gateway: Gateway, worker: Any) -> Any:
    async with asyncio.timeout(WITHIN):
        while not (await gateway.store.page("ada")).jobs:
            await asyncio.sleep(0.01)
    return await worker.take()


async def test_one_trace_runs_from_the_caller_to_the_record_and_the_ring(gateway: Gateway) -> None:
    worker = gateway.worker()
    await worker.idle()
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"traceparent": parent})

    (server,) = gateway.spans("POST /api/jobs/{type}")
    (producer,) = gateway.spans("send agent_task")
    assert server.parent is not None
    assert server.parent.span_id == 0x00F067AA0BA902B7
    assert server.context.trace_id == 0x4BF92F3577B34DA6A3CE929D0E0E4736
    assert producer.parent is not None
    assert producer.parent.span_id == server.context.span_id
    stored = (await worker.take()).traceparent
    ((_, rung),) = gateway.bell.rings
    assert stored == rung == f"00-4bf92f3577b34da6a3ce929d0e0e4736-{producer.context.span_id:016x}-01"


async def test_an_accepted_submit_is_counted_once(gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    await gateway.client.post("/api/jobs/agent-task", json=TASK, headers=headers)
    await gateway.client.post("/api/jobs/agent-task", json={})
    metrics = (await gateway.client.get("/metrics")).text
    assert 'codeforge_jobs_submitted_total{type="agent_task"} 1.0' in metrics


@pytest.mark.parametrize(
    ("field", "length", "accepted"),
    [
        ("userId", 200, True),
        ("userId", 201, False),
        ("sessionId", 200, True),
        ("sessionId", 201, False),
        ("userMessage", 1000, True),
        ("userMessage", 1001, False),
        ("agentType", 100, True),
        ("agentType", 101, False),
    ],
)
async def test_lengths_hold_at_their_edges(start: Start, field: str, length: int, accepted: bool) -> None:
    gateway = await start(max_message_length=1000)
    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK | {field: "ä" * length})
    assert answer.status_code == (202 if accepted else 400)
    if not accepted:
        assert [fault["path"] for fault in answer.json()["errors"]] == [field]


async def test_a_body_may_have_just_the_bytes_allowed(start: Start) -> None:
    gateway = await start(max_body_bytes=2048)

    def body(size: int) -> bytes:
        empty = json.dumps(TASK | {"extra": ""}).encode()
        return json.dumps(TASK | {"extra": "x" * (size - len(empty))}).encode()

    async def in_parts(content: bytes) -> Any:
        for start in range(0, len(content), 500):
            yield content[start : start + 500]

    headers = {"Content-Type": "application/json"}
    for size, status in ((2048, 202), (2049, 413)):
        announced = await gateway.client.post("/api/jobs/agent-task", content=body(size), headers=headers)
        streamed = await gateway.client.post("/api/jobs/agent-task", content=in_parts(body(size)), headers=headers)
        assert (announced.status_code, streamed.status_code) == (status, status)
        code = "body_too_large" if status == 413 else None
        assert announced.json().get("code") == streamed.json().get("code") == code
