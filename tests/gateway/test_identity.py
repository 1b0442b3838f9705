"""Who may do what, through the whole application (contract: Identity)."""

from __future__ import annotations

import secrets
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, Gateway

KEY = secrets.token_hex(32)
CALLS = [
    ("POST", "/api/jobs/agent-task"),
    ("POST", "/api/chat"),
    ("GET", "/api/jobs/job_00000000000000000000000000a"),
    ("DELETE", "/api/jobs/job_00000000000000000000000000a"),
    ("POST", "/api/jobs/job_00000000000000000000000000a/retry"),
    ("GET", "/api/jobs/job_00000000000000000000000000a/events"),
    ("GET", "/api/jobs/user/ada"),
    ("GET", "/api/jobs/stats/queue"),
    ("GET", "/api/events"),
]


def bearer(user: str, *, key: str = KEY, lifetime: float = 60) -> dict[str, str]:
    claims: dict[str, Any] = {"sub": user, "exp": int(time.time() + lifetime)}
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'HS256'}, claims, OctKey.import_key(key))}"}


@pytest.fixture
async def guarded(start: Start) -> Gateway:
    return await start(auth_mode="jwt", auth_jwt_secret=KEY, secrets_key=secrets.token_urlsafe(32))


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_call_wants_a_good_token(guarded: Gateway, method: str, path: str) -> None:
    for headers in ({}, bearer("ada", key="x" * 32), bearer("ada", lifetime=-60), {"X-User-Id": "ada"}):
        answer = await guarded.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "ada" not in answer.json()["detail"]


@pytest.mark.parametrize("name", ["token", "access_token"])
async def test_a_token_in_the_query_is_refused(guarded: Gateway, name: str) -> None:
    token = bearer("ada")["Authorization"].removeprefix("Bearer ")
    for headers in ({}, bearer("ada")):
        answer = await guarded.client.get("/api/jobs/user/ada", params={name: token}, headers=headers)
        assert answer.status_code == 401
        assert token not in answer.text


async def test_the_tokens_subject_is_the_user(guarded: Gateway) -> None:
    mine = await guarded.client.post("/api/jobs/agent-task", json=TASK, headers=bearer("ada"))
    other = await guarded.client.post("/api/jobs/agent-task", json=TASK, headers=bearer("grace"))
    path = mine.headers["Location"]

    assert mine.status_code == 202
    assert (other.status_code, other.json()["code"]) == (403, "user_mismatch")
    assert (await guarded.client.get(path, headers=bearer("ada"))).status_code == 200
    assert (await guarded.client.get(path, headers=bearer("grace"))).status_code == 404
    assert (await guarded.client.get(f"{path}?userId=ada", headers=bearer("grace"))).status_code == 404
    assert (await guarded.client.get("/api/jobs/user/ada", headers=bearer("grace"))).status_code == 403


async def test_probes_and_documents_need_no_token(guarded: Gateway) -> None:
    for path in ("/healthz", "/metrics", "/openapi.json", "/docs"):
        assert (await guarded.client.get(path)).status_code == 200


async def test_a_chat_with_a_token_is_the_subjects(guarded: Gateway) -> None:
    body = {"generationId": "g-1", "message": "hello", "backgroundMode": True}
    answer = await guarded.client.post("/api/chat", json=body, headers=bearer("ada"))
    job = await guarded.client.get(answer.headers["Location"], headers=bearer("ada"))
    assert job.json()["job"]["data"]["userId"] == "ada"


async def test_development_mode_believes_what_it_is_told(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    for named in ({"headers": {"X-User-Id": "ada"}}, {"params": {"userId": "ada"}}, {}):
        answer = await gateway.client.get(f"/api/jobs/{job_id}", **named)  # type: ignore[arg-type]
        assert answer.status_code == 200
    other = await gateway.client.post("/api/jobs/agent-task", json=TASK, headers={"X-User-Id": "grace"})
    assert (other.status_code, other.json()["code"]) == (403, "user_mismatch")


async def test_who_names_nobody_may_act_on_a_job(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    assert (await gateway.client.delete(f"/api/jobs/{job_id}")).status_code == 200
    assert (await gateway.client.post(f"/api/jobs/{job_id}/retry")).status_code == 200


async def test_a_name_may_be_written_in_any_script(gateway: Gateway) -> None:
    job_id = await gateway.submit(userId="Адa")
    answer = await gateway.client.get(f"/api/jobs/{job_id}", headers={b"X-User-Id": "Адa".encode()})
    assert answer.status_code == 200
