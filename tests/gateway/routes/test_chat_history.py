"""What is kept of the chat, and who may read it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from structlog.testing import capture_logs

from tests.gateway.chatting import history, kept, say
from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway
from tests.plugins.redis_server import RedisServer

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"
CONFIRMED = "Your request is being processed in the background. You can continue chatting!"


async def test_a_turn_is_found_again(gateway: Gateway) -> None:
    said = (await say(gateway, "Hello")).json()["data"]["message"]
    answer = await gateway.client.get("/api/chat/g-1", headers={"X-User-Id": "ada"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    at = body["data"]["messages"][0]["at"]
    assert body == {
        "success": True,
        "data": {
            "generationId": "g-1",
            "messages": [
                {"role": "user", "content": "Hello", "at": at},
                {"role": "assistant", "content": said, "at": at},
            ],
        },
    }
    assert at.startswith("20")


async def test_what_went_to_the_background_is_in_it_once(gateway: Gateway) -> None:
    body = {"backgroundMode": True, "githubContext": {"token": TOKEN}}
    answers = [
        await gateway.client.post(
            "/api/chat",
            json={"generationId": "g-1", "message": f"Analyse octo/cat with {TOKEN}"} | body,
            headers={"X-User-Id": "ada", "Idempotency-Key": "k"},
        )
        for _ in range(2)
    ]
    job_id = answers[0].json()["data"]["jobId"]
    assert answers[1].json()["data"]["jobId"] == job_id
    said = await history(gateway)
    assert [(one["role"], one["content"], one["jobId"]) for one in said] == [
        ("user", "Analyse octo/cat with [redacted]", job_id),
        ("assistant", CONFIRMED, job_id),
    ]


async def test_nobody_reads_another_ones(gateway: Gateway) -> None:
    await say(gateway, "Mine", user="ada")
    for user in ("grace", None):
        headers = {"X-User-Id": user} if user else {}
        answer = await gateway.client.get("/api/chat/g-1", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")
        assert "Mine" not in answer.text
    await say(gateway, "Hers", user="grace")
    assert [text for _, text in await kept(gateway, user="ada")][::2] == ["Mine"]
    assert [text for _, text in await kept(gateway, user="grace")][::2] == ["Hers"]
    other = await say(gateway, "Not mine", user="grace", userId="ada")
    assert (other.status_code, other.json()["code"]) == (403, "user_mismatch")


async def test_who_names_nobody_has_the_local_ones(gateway: Gateway) -> None:
    await say(gateway, "Hello", user=None)
    assert await kept(gateway, user=None) == await kept(gateway, user="local") != []


async def test_with_tokens_the_token_says_whose(start: Start) -> None:
    secret = "x" * 32
    gateway = await start(auth_mode="jwt", auth_jwt_secret=secret, secrets_key=secrets.token_urlsafe(32))

    def bearer(user: str) -> dict[str, str]:
        claims = {"sub": user, "exp": 4_000_000_000}
        token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
        return {"Authorization": f"Bearer {token}"}

    async def read(headers: dict[str, str]) -> int:
        return (await gateway.client.get("/api/chat/g-1", headers=headers)).status_code

    said = {"generationId": "g-1", "message": "Hello"}
    assert (await gateway.client.post("/api/chat", json=said)).status_code == 401
    assert (await gateway.client.post("/api/chat", json=said, headers=bearer("ada"))).status_code == 200
    assert [await read(bearer("ada")), await read(bearer("grace")), await read({})] == [200, 404, 401]
    assert await read(bearer("grace") | {"X-User-Id": "ada"}) == 404


@pytest.mark.parametrize("session", ["a/b", "ö 1", "x" * 200])
async def test_every_session_that_can_be_written_can_be_read(gateway: Gateway, session: str) -> None:
    await say(gateway, "Hello", session=session)
    assert len(await history(gateway, session=session)) == 2


@pytest.mark.parametrize("session", ["", "x" * 201, "a%00b"])
async def test_what_is_no_session_is_a_fault(gateway: Gateway, session: str) -> None:
    answer = await gateway.client.get(f"/api/chat/{session}")
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["errors"]] == ["generationId"]


async def test_a_long_message_is_cut_so_that_a_turn_fits(start: Start) -> None:
    gateway = await start(chat_history_max_bytes=4096)
    await say(gateway, "ö" * 512)
    await say(gateway, "ö" * 513)
    said = await history(gateway)
    assert (said[0]["content"], "truncated" in said[0]) == ("ö" * 512, False)
    assert (said[2]["content"], said[2]["truncated"]) == ("ö" * 510 + "…", True)


async def test_the_caps_are_the_settings(start: Start) -> None:
    gateway = await start(chat_history_max_messages=2, chat_history_seconds=60, chat_sessions_per_user=1)
    for text in ("one", "two"):
        await say(gateway, text)
    assert (await kept(gateway))[0][1] == "two"
    await say(gateway, "three", session="g-2")
    assert await kept(gateway) == []
    assert len(await kept(gateway, session="g-2")) == 2


async def test_a_full_store_answers_all_the_same(start: Start, new_redis: Callable[..., RedisServer]) -> None:
    gateway = await start(server=new_redis().url)
    await say(gateway, "one")
    await gateway.store._redis.config_set("maxmemory", "1mb")
    with capture_logs() as lines:
        answer = await say(gateway, "two")
    assert answer.status_code == 200
    assert {"event": "a turn of a chat isn't kept", "error": "store_full", "log_level": "warning"} in lines
    await gateway.store._redis.config_set("maxmemory", "0")
    assert (await kept(gateway))[0][1] == "one"


async def test_a_store_that_is_away_costs_the_history_only(start: Start, new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis()
    gateway = await start(server=server.url)
    await say(gateway, "one")
    server.kill()
    answer = await say(gateway, "two")
    assert answer.status_code == 200
    assert (await gateway.client.get("/api/chat/g-1")).status_code == 503
    server.start()


async def test_who_writes_too_fast_waits(start: Start) -> None:
    gateway = await start(chat_rate_limit=1, chat_rate_burst=1)
    first, second = [await say(gateway, "Hello") for _ in range(2)]
    assert first.headers["RateLimit-Policy"] == '"chat";q=1;w=60'
    assert first.headers["RateLimit"].startswith('"chat";r=0;t=')
    assert (second.status_code, second.json()["code"]) == (429, "too_many_messages")
    assert second.headers["RateLimit-Policy"] == '"chat";q=1;w=60'
    assert 1 <= int(second.headers["Retry-After"]) <= 60
    assert (await say(gateway, "Hello", user="grace")).status_code == 200
    background = await say(gateway, "Analyse octo/cat", backgroundMode=True)
    assert background.status_code == 202, "submits have a rate of their own"
