from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai.messages import ModelMessagesTypeAdapter

from codeforge_common.testing.model_server.server import Server
from codeforge_worker.agent.models import Budget, Conversation, ToolSpec, Turn, required
from codeforge_worker.agent.models.remote import connected
from tests.worker.agent.models.fake import Serve, settings_for

READ = ToolSpec(name="read", description="Reads.", parameters={"type": "object", "properties": {}})
SCRIPT: list[dict[str, Any]] = [
    {"text": "First.", "calls": [{"name": "read", "arguments": {"a": 1}}, {"name": "read", "arguments": "{broken"}]},
    {"text": "Second."},
    {"text": "Third."},
]


async def test_a_conversation_that_was_kept_turn_by_turn_goes_on_elsewhere_as_it_would_have_here(serve: Serve) -> None:
    for provider in ("openai", "anthropic"):
        here, there = serve(SCRIPT), serve(SCRIPT[2:])
        kept: list[str] = []
        talk = Conversation.start("Edit.", "Do it.")
        async with model_of(here, provider=provider) as say:
            first = await say(talk)
            for call in first.calls:
                talk.answer(call, "answer")
            kept.append(json.dumps(talk.new()))
            await say(talk)
            kept.append(json.dumps(talk.new()))
            talk.say("Mend it.")
            await say(talk)

        resumed = Conversation.start("Edit.", "Do it.")
        for turn in kept:
            resumed.extend(json.loads(turn))
        resumed.say("Mend it.")
        async with model_of(there, provider=provider) as say:
            await say(resumed)
        assert there.seen[0]["body"] == here.seen[2]["body"]
        assert "Mend it." in json.dumps(here.seen[2]["body"])


async def test_what_was_said_before_a_kept_turn_is_not_said_twice(serve: Serve) -> None:
    async with model_of(serve(SCRIPT), provider="openai") as say:
        talk = Conversation.start("Edit.", "Do it.")
        await say(talk)
        first = talk.new()
        talk.say("Mend it.")
        await say(talk)
        second = talk.new()
    assert talk.new() == []

    resumed = Conversation.start("Edit.", "Do it.")
    resumed.extend(first)
    resumed.say("Mend it.")
    resumed.extend(second)
    assert as_json(resumed) == as_json(talk)
    assert resumed.new() == []


def as_json(talk: Conversation) -> bytes:
    return ModelMessagesTypeAdapter.dump_json(list(talk.messages))


@asynccontextmanager
async def model_of(server: Server, *, provider: str) -> AsyncIterator[Callable[[Conversation], Awaitable[Turn]]]:
    settings = settings_for(server, provider=provider)
    async with connected(required(settings, workflow="enhance"), settings=settings) as model:

        async def say(talk: Conversation) -> Turn:
            return await model.turn(talk, tools=[READ], budget=Budget.of(settings), on_text=lambda _: None)

        yield say
