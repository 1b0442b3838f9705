"""Every way in which a model's provider can fail has a clear answer, and none is a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from codeforge_common.testing.model_server import ModelServer, model_server
from tests.gateway.chatting import asked, count, kept, say, with_model
from tests.gateway.conftest import Start

LEAK = "Incorrect API key provided: scripted-key " + "and more " * 100
BODY = json.dumps({"choices": None})

FAILURES: dict[str, tuple[dict[str, Any], int, str]] = {
    "a bad request": ({"status": 400, "error": {"message": LEAK}}, 502, "model_refused"),
    "a wrong key": ({"status": 401, "error": {"message": LEAK}}, 502, "model_refused"),
    "a forbidden model": ({"status": 403, "error": {"message": LEAK}}, 502, "model_refused"),
    "an unknown model": ({"status": 404, "error": {"message": LEAK}}, 502, "model_refused"),
    "a server error": ({"status": 500, "error": {"message": LEAK}}, 503, "model_unavailable"),
    "an overload": ({"status": 529, "error": {"message": LEAK}}, 503, "model_unavailable"),
    "a body that is no stream": ({"body": BODY}, 503, "model_unavailable"),
    "a body of garbage": ({"body": "data: {nonsense\n\ndata: x\n\n"}, 503, "model_unavailable"),
    "an empty body": ({"body": ""}, 503, "model_unavailable"),
    "a broken connection": ({"text": "First second third", "cut": 2}, 503, "model_unavailable"),
    "a polite early end": ({"text": "First second third", "ends": 2}, 503, "model_unavailable"),
    "nothing said": ({"text": ""}, 503, "model_unavailable"),
    "a content filter": ({"text": "Well", "finish": "content_filter"}, 502, "model_refused"),
    "silence": ({"text": "First", "hang": 0}, 503, "model_unavailable"),
}
PATIENCE = {"status": 429, "headers": {"Retry-After": "17"}, "error": {"message": LEAK}}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    rules = [{"when": {"message": name}, "answer": answer} for name, (answer, _, _) in FAILURES.items()]
    patience = {"when": {"message": "patience"}, "answer": PATIENCE}
    with model_server({"rules": [*rules, patience, {"when": {}, "answer": {"text": "Fine."}}]}) as server:
        yield server


CASES = [(name, "openai") for name in FAILURES] + [
    (name, "anthropic")
    for name in (
        *("a wrong key", "an overload", "a body of garbage", "a broken connection", "a polite early end"),
        "a content filter",
    )
]


@pytest.mark.parametrize(("name", "provider"), CASES)
async def test_a_failure_is_told_plainly(start: Start, server: ModelServer, name: str, provider: str) -> None:
    silence = 1 if name == "silence" else 60
    gateway = await start(**with_model(server, provider=provider, agent_model_timeout_seconds=silence))
    _, status, code = FAILURES[name]
    with capture_logs() as lines:
        answer = await say(gateway, f"It is {name}")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["success"]) == (status, code, False)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert "model" in problem["detail"].lower()
    for word in ("scripted-key", "Incorrect API key", "nonsense"):
        assert word not in answer.text
    told = [line for line in lines if line["event"] == "a call of the chat's model failed"]
    assert "scripted-key" not in str(told)
    assert all(len(line.get("said", "")) <= 300 for line in told)
    assert await kept(gateway) == []
    assert count(gateway, "refused" if status == 502 else "unavailable") == 1


async def test_a_failure_is_over_with_the_next_message(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    assert (await say(gateway, "It is a server error")).status_code == 503
    assert (await say(gateway, "Hello again")).status_code == 200


async def test_patience_is_kept_for_everybody(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    first = await say(gateway, "patience, ada")
    assert (first.status_code, first.json()["code"]) == (503, "model_unavailable")
    assert first.headers["Retry-After"] == "17"
    second = await say(gateway, "patience, grace", user="grace")
    assert (second.status_code, second.json()["code"]) == (503, "model_unavailable")
    assert 1 <= int(second.headers["Retry-After"]) <= 17
    assert asked(server, "patience, grace") == [], "nobody asks before the time is over"
    assert (await say(gateway, "Fix the bug in octo/cat")).status_code == 200, "it needs no model"


async def test_a_provider_that_is_not_there(start: Start, unused_tcp_port: int) -> None:
    gateway = await start(
        agent_model="openai:gpt", openai_base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", openai_api_key="key"
    )
    answer = await say(gateway, "Hello")
    assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable")
    assert "can't be reached" in answer.json()["detail"]


async def test_the_wrong_key_is_refused(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server, openai_api_key=None))
    answer = await say(gateway, "Hello")
    assert (answer.status_code, answer.json()["code"]) == (502, "model_refused")


async def test_an_unknown_provider_is_told_at_the_start_and_to_who_asks(start: Start) -> None:
    with capture_logs() as lines:
        gateway = await start(agent_model="llamas:7b")
    assert {"provider": "llamas"}.items() <= next(
        line for line in lines if line["event"] == "the chat doesn't know the provider of AGENT_MODEL"
    ).items()
    answer = await say(gateway, "Hello")
    assert (answer.status_code, answer.json()["code"]) == (501, "model_not_supported")
    assert "anthropic" in answer.json()["detail"]
    assert count(gateway, "not_supported") == 1
    assert (await say(gateway, "Fix the bug in octo/cat")).json()["data"]["suggestBackground"] is True
