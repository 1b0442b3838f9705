from __future__ import annotations

import asyncio
import json

import pytest

from codeforge_common.errors import CodeForgeError
from codeforge_gateway.chat.chat import Answer, Say
from codeforge_gateway.chat.errors import ModelRefused, ModelUnavailable
from codeforge_gateway.chat.live import Live

LONG = 60.0


def _problem(error: CodeForgeError) -> dict[str, str]:
    return {"code": error.code}


async def frames(live: Live, *, ping: float = LONG) -> list[tuple[str, object]]:
    """The frames as pairs of event and data; a comment has neither."""
    found: list[tuple[str, object]] = []
    stream = live.frames(done=lambda answer: answer.message, failed=_problem, ping=ping)
    async for frame in stream:
        fields = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line and line[0] != ":")
        found.append((fields.get("event", ""), json.loads(fields.get("data", "null"))))
    return found


async def test_pieces_that_wait_together_leave_together() -> None:
    async def answering(say: Say) -> Answer:
        say("a")
        say("b")
        return Answer(message="ab")

    live = Live(answering)
    await live.began(within=LONG)
    assert await frames(live) == [("", None), ("chat:delta", {"text": "ab"}), ("chat:done", "ab")]


async def test_silence_is_filled_with_comments() -> None:
    go = asyncio.Event()

    async def answering(say: Say) -> Answer:
        await go.wait()
        return Answer(message="")

    live = Live(answering)
    await live.began(within=0)
    stream = live.frames(done=lambda answer: answer.message, failed=_problem, ping=0.01)
    for _ in range(3):
        assert (await anext(stream)).startswith(b":")
    go.set()
    rest = [frame async for frame in stream]
    assert b"chat:done" in rest[-1]


async def test_a_failure_before_anything_came_is_raised() -> None:
    async def answering(say: Say) -> Answer:
        raise ModelUnavailable("away")

    with pytest.raises(ModelUnavailable):
        await Live(answering).began(within=LONG)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ModelUnavailable("away", retry_after=16.5), {"code": "model_unavailable", "retryAfter": 17}),
        (ModelRefused("no"), {"code": "model_refused"}),
        (KeyError(), {"code": CodeForgeError.code}),
    ],
)
async def test_a_failure_afterwards_is_the_last_frame(error: Exception, problem: dict[str, object]) -> None:
    async def answering(say: Say) -> Answer:
        say("a")
        raise error

    live = Live(answering)
    await live.began(within=LONG)
    assert (await frames(live))[1:] == [("chat:delta", {"text": "a"}), ("chat:error", problem)]


async def test_the_answer_ends_with_the_block() -> None:
    ended = asyncio.Event()

    async def answering(say: Say) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    live = Live(answering)
    await live.began(within=0.01)
    with live:
        assert not ended.is_set()
    async with asyncio.timeout(LONG):
        await ended.wait()
