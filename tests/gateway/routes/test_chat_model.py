"""The chat in the foreground with a model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from codeforge_common.testing.model_server import ModelServer, model_server
from codeforge_gateway.chat.prompt import INSTRUCTIONS
from tests.gateway.chatting import asked, count, history, kept, let_go, say, with_model
from tests.gateway.conftest import Start
from tests.plugins.waiting import wait_for

SCRIPT = {
    "rules": [
        {"when": {"message": "slow"}, "answer": {"text": "At last.", "hang": 1}},
        {"when": {"message": "held"}, "answer": {"text": "Held.", "hold": True}},
        {"when": {"message": "long"}, "answer": {"text": ["x" * 90, "y" * 90]}},
        {"when": {"message": "cut short"}, "answer": {"text": "Half of", "finish": "length"}},
        {"when": {"message": "landing"}, "answer": {"text": ["[[back", "ground]]\n", "That is ", "work."]}},
        {"when": {"message": "marked"}, "answer": {"text": "[[background]]"}},
        {"when": {}, "answer": {"text": "I am fine."}},
    ]
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server(SCRIPT) as server:
        yield server


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_model_answers_with_what_was_said_before(start: Start, server: ModelServer, provider: str) -> None:
    gateway = await start(**with_model(server, provider=provider))
    first, second = f"How are you, {provider}?", f"And now, {provider}?"
    for message in (first, second):
        answer = await say(gateway, message)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"success": True, "data": {"message": "I am fine.", "backgroundMode": False}}
    (request,) = asked(server, second)
    turns = [
        {"role": "user", "content": first},
        {"role": "assistant", "content": "I am fine."},
        {"role": "user", "content": second},
    ]
    system = {"role": "system", "content": INSTRUCTIONS}
    if provider == "openai":
        assert request["body"]["messages"] == [system, *turns]
    else:
        assert (request["body"]["system"], request["body"]["messages"]) == (INSTRUCTIONS, turns)
    assert await kept(gateway) == [
        ("user", first),
        ("assistant", "I am fine."),
        ("user", second),
        ("assistant", "I am fine."),
    ]
    assert count(gateway, "answered") == 2
    assert [span.attributes and span.attributes["gen_ai.provider.name"] for span in gateway.spans("chat scripted")] == [
        provider,
        provider,
    ]


async def test_clear_work_is_offered_the_background_with_no_call(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    message = "Fix the bug in octo/cat"
    data = (await say(gateway, message)).json()["data"]
    assert (data["suggestBackground"], data["backgroundMode"]) == (True, False)
    assert data["message"].startswith("That is work for the background.")
    assert asked(server, message) == []
    assert await kept(gateway) == [("user", message), ("assistant", data["message"])]
    assert count(gateway, "work") == 1


async def test_the_model_may_say_that_it_is_work(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    data = (await say(gateway, "The landing could be nicer, I want it in Vietnamese")).json()["data"]
    assert data == {"message": "That is work.", "backgroundMode": False, "suggestBackground": True}
    assert (await kept(gateway))[-1] == ("assistant", "That is work.")


async def test_a_mark_alone_gets_our_words(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    data = (await say(gateway, "marked")).json()["data"]
    assert data["suggestBackground"] is True
    assert data["message"].startswith("That is work for the background.")


async def test_an_answer_has_so_many_characters_and_no_more(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server, chat_answer_max_characters=100))
    data = (await say(gateway, "long")).json()["data"]
    assert (data["message"], data["truncated"]) == ("x" * 90 + "y" * 10, True)
    fits = await start(**with_model(server, chat_answer_max_characters=180))
    assert (await say(fits, "long")).json()["data"] == {"message": "x" * 90 + "y" * 90, "backgroundMode": False}


async def test_an_answer_that_the_provider_cut_says_so(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    assert (await say(gateway, "cut short")).json()["data"]["truncated"] is True


async def test_no_secret_reaches_the_model_or_the_history(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    token, pattern = "my-own-token-8231", "ghp_q7pK2vLw9XcT4mNz8RbY"
    message = f"Is {token} or {pattern} a good token? secretly"
    answer = await say(gateway, message, githubContext={"token": token, "username": "ada"})
    assert answer.status_code == 200
    sent = [request for request in server.requests() if "secretly" in str(request["body"])]
    assert len(sent) == 1
    everything = f"{sent} {await history(gateway)}"
    assert token not in everything
    assert pattern not in everything
    assert "Is [redacted] or [redacted] a good token?" in everything


async def test_an_answer_that_takes_too_long_says_what_to_do(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server, chat_answer_seconds=0.3))
    await gateway.parts.chat._model._open()  # the import isn't what is timed here
    message = "too slow for JSON"
    answer = await say(gateway, message)
    assert (answer.status_code, answer.json()["code"]) == (504, "answer_too_slow")
    assert "text/event-stream" in answer.json()["detail"]
    assert "background" in answer.json()["detail"]
    assert await kept(gateway) == []
    assert count(gateway, "too_slow") == 1
    await wait_for(lambda: all(one["gone"] for one in asked(server, message)), within=30, what="the end of the call")


async def test_who_goes_away_ends_the_call_at_once(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server))
    message = "slow, and nobody waits"
    saying = asyncio.create_task(say(gateway, message))
    await wait_for(lambda: bool(asked(server, message)), within=30, what="the call")
    saying.cancel()
    await wait_for(lambda: asked(server, message)[0]["gone"], within=30, what="the end of the call")
    await wait_for(lambda: count(gateway, "gone") == 1, within=30, what="the count")
    assert await kept(gateway) == []


async def test_a_user_has_so_many_answers_under_way(start: Start, server: ModelServer) -> None:
    gateway = await start(**with_model(server, chats_per_user=1))
    held = asyncio.create_task(say(gateway, "held by ada"))
    await wait_for(lambda: bool(asked(server, "held by ada")), within=30, what="the call")
    refused = await say(gateway, "Hello", session="g-2")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_chats")
    assert int(refused.headers["Retry-After"]) >= 1
    assert (await say(gateway, "Fix the bug in octo/cat")).status_code == 200, "it needs no model"
    assert (await say(gateway, "Hello", user="grace")).status_code == 200
    assert (await let_go(server, held)).json()["data"]["message"] == "Held."
    assert (await say(gateway, "Hello")).status_code == 200
    assert count(gateway, "limited") == 1


async def test_two_gateways_and_two_tabs_lose_nothing(start: Start, server: ModelServer) -> None:
    gateways = [await start(**with_model(server)) for _ in range(2)]
    messages = [f"Hello number {number}" for number in range(8)]
    answers = await asyncio.gather(
        *(say(gateways[place % 2], message) for place, message in enumerate(messages)), return_exceptions=False
    )
    assert [answer.status_code for answer in answers] == [200] * 8
    both = [await history(gateway) for gateway in gateways]
    assert both[0] == both[1]
    said = both[0]
    assert [one["role"] for one in said] == ["user", "assistant"] * 8
    assert {one["content"] for one in said[::2]} == set(messages)
    assert [one["at"] for one in said] == sorted(one["at"] for one in said)
