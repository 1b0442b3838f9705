"""The chat's answer as Server-Sent Events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codeforge_common.testing.model_server import ModelServer, model_server
from codeforge_gateway.routes import chat
from tests.gateway.chatting import asked, count, kept, let_go, streamed, with_model
from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway
from tests.plugins.waiting import wait_for

SCRIPT = {
    "rules": [
        {"when": {"message": "hanging"}, "answer": {"text": "First second third", "hang": 3}},
        {"when": {"message": "held"}, "answer": {"text": "Held.", "hold": True}},
        {"when": {"message": "broken off"}, "answer": {"text": "First second third", "cut": 3}},
        {"when": {"message": "refused"}, "answer": {"status": 403}},
        {"when": {"message": "landing"}, "answer": {"text": ["[[background", "]] That ", "is work."]}},
        {"when": {}, "answer": {"text": ["I ", "am ", "fine."]}},
    ]
}
EVENT_STREAM = "text/event-stream"


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server(SCRIPT) as server:
        yield server


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_answer_comes_in_pieces_and_then_as_a_whole(start: Start, server: ModelServer, provider: str) -> None:
    gateway = await start(**with_model(server, provider=provider))
    async with streamed(gateway, "How are you?") as stream:
        head = stream.response.headers
        assert head["content-type"].startswith(EVENT_STREAM)
        assert (head["cache-control"], head["x-accel-buffering"], head["vary"]) == ("no-store", "no", "Accept")
        assert await stream.event() == ("", None), "something comes at once"
        *deltas, last = await stream.all()
    assert {name for name, _ in deltas} == {"chat:delta"}
    assert "".join(data["text"] for _, data in deltas) == "I am fine."
    assert last == ("chat:done", {"message": "I am fine.", "backgroundMode": False})
    assert await kept(gateway) == [("user", "How are you?"), ("assistant", "I am fine.")]


async def test_each_piece_is_there_before_the_next_and_who_leaves_ends_the_call(
    start: Start, server: ModelServer
) -> None:
    gateway = await start(**with_model(server))
    message = "hanging after two words"
    async with streamed(gateway, message) as stream:
        heard = ""
        while heard != "First second ":
            name, data = await stream.spoken()
            assert name == "chat:delta"
            heard += data["text"]
        assert asked(server, message)[0]["gone"] is False
    await wait_for(lambda: asked(server, message)[0]["gone"], within=30, what="the end of the call")
    await wait_for(lambda: count(gateway, "gone") == 1, within=30, what="the count")
    assert await kept(gateway) == []


async def test_the_head_does_not_wait_for_the_first_piece(
    start: Start, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "HEAD_SECONDS", 0.05)
    gateway = await start(**with_model(server))
    async with streamed(gateway, "held back") as stream:
        assert await stream.event() == ("", None)
        assert [name for name, _ in await let_go(server, stream.all())] == ["chat:delta", "chat:done"]


async def test_a_failure_before_the_head_is_a_plain_answer(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    async with streamed(gateway, "refused") as stream:
        assert stream.response.status_code == 502
        assert stream.response.headers["content-type"] == "application/problem+json"
        await stream.response.aread()
        assert stream.response.json()["code"] == "model_refused"


async def test_a_failure_after_the_head_is_an_event(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    async with streamed(gateway, "broken off") as stream:
        *deltas, (name, problem) = await stream.all()
    assert "".join(data["text"] for _, data in deltas).startswith("First")
    assert name == "chat:error"
    assert (problem["code"], problem["status"], problem["success"]) == ("model_unavailable", 503, False)
    assert (problem["instance"], problem["retryAfter"]) == ("/api/chat", 5)
    assert await kept(gateway) == []
    assert count(gateway, "unavailable") == 1


async def test_a_stream_has_its_time_too(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server, chat_stream_seconds=1))
    async with streamed(gateway, "hanging too long") as stream:
        if stream.response.status_code == 504:  # a machine so slow that not even the first piece came in time
            return
        name, problem = (await stream.all())[-1]
    assert (name, problem["code"]) == ("chat:error", "answer_too_slow")


async def test_the_models_mark_is_never_shown(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    async with streamed(gateway, "The landing should be nicer") as stream:
        *deltas, last = await stream.all()
    assert "".join(data["text"] for _, data in deltas) == "That is work."
    assert last == ("chat:done", {"message": "That is work.", "backgroundMode": False, "suggestBackground": True})


async def test_rules_are_streamed_as_well(gateway: Gateway) -> None:
    async with streamed(gateway, "Hello") as stream:
        (_, delta), (name, done) = await stream.all()
    assert name == "chat:done"
    assert delta["text"] == done["message"]
