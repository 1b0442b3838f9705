"""What tests of the chat in the foreground say and hear. The model is a provider's fake, a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from codeforge_common.testing.model_server import ModelServer
from tests.gateway.harness import Gateway
from tests.plugins.waiting import wait_for

T = TypeVar("T")

WITHIN = 30.0
"""Seconds that a test waits for what a loaded machine may take long for: the first call imports a library."""


def with_model(server: ModelServer, *, provider: str = "openai", **changes: Any) -> dict[str, Any]:
    """Settings of a gateway whose chat asks ``server``."""
    return {
        "agent_model": f"{provider}:{server.model}",
        "openai_base_url": server.base_url,
        "openai_api_key": server.key,
        "anthropic_base_url": server.address,
        "anthropic_api_key": server.key,
        **changes,
    }


async def say(
    gateway: Gateway, message: str, *, user: str | None = "ada", session: str = "g-1", **more: Any
) -> httpx2.Response:
    """Says something in the foreground."""
    headers = {"X-User-Id": user} if user else {}
    return await gateway.client.post(
        "/api/chat", json={"generationId": session, "message": message} | more, headers=headers, timeout=WITHIN
    )


async def history(gateway: Gateway, *, user: str | None = "ada", session: str = "g-1") -> list[dict[str, Any]]:
    """What is kept of a session; nothing where nothing is."""
    answer = await gateway.client.get(f"/api/chat/{session}", headers={"X-User-Id": user} if user else {})
    if answer.status_code == 404:
        return []
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["data"]["messages"]
    return messages


async def kept(gateway: Gateway, *, user: str | None = "ada", session: str = "g-1") -> list[tuple[str, str]]:
    """The same as pairs of role and text."""
    return [(one["role"], one["content"]) for one in await history(gateway, user=user, session=session)]


@dataclass
class Stream:
    """A streamed answer."""

    response: httpx2.Response

    def __post_init__(self) -> None:
        self._lines = self.response.aiter_lines()

    async def event(self) -> tuple[str, Any]:
        """The next event's name and data; a comment is ``("", None)``."""
        name, data = "", None
        async for line in self._lines:
            if not line:
                return name, data
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data = json.loads(value)
        raise EOFError

    async def spoken(self) -> tuple[str, Any]:
        """The next event that isn't a comment."""
        while True:
            name, data = await self.event()
            if name:
                return name, data

    async def all(self) -> list[tuple[str, Any]]:
        """All events that aren't comments, to the end."""
        events = []
        try:
            while True:
                events.append(await self.spoken())
        except EOFError:
            return events


@asynccontextmanager
async def streamed(
    gateway: Gateway, message: str, *, user: str = "ada", session: str = "g-1", **more: Any
) -> AsyncIterator[Stream]:
    """Says something and hears the answer as it comes."""
    headers = {"X-User-Id": user, "Accept": "text/event-stream"}
    body: Mapping[str, Any] = {"generationId": session, "message": message} | more
    async with gateway.client.stream("POST", "/api/chat", json=body, headers=headers, timeout=WITHIN) as response:
        yield Stream(response)


def asked(server: ModelServer, message: str) -> list[dict[str, Any]]:
    """The requests to the model whose newest message is ``message``."""
    return [
        request
        for request in server.requests()
        if request["body"]["messages"] and request["body"]["messages"][-1]["content"] == message
    ]


async def let_go(server: ModelServer, answering: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
    """The result of ``answering``, whose answer is held: lets it go until it has come.

    A request is seen a moment before it waits, so that once might be too early.
    """
    task = asyncio.ensure_future(answering)

    def done() -> bool:
        server.resume()
        return task.done()

    await wait_for(done, within=WITHIN, what="the held answer")
    return task.result()


def count(gateway: Gateway, outcome: str) -> float:
    """``codeforge_chats_total``."""
    found = gateway.parts.metrics.registry.get_sample_value("codeforge_chats_total", {"outcome": outcome})
    assert found is not None
    return found
