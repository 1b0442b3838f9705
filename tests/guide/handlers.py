"""The job types of lessons 3 to 5 and 7. What makes a function a handler is lesson 6."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from codeforge_common.handler import Fail, JobContext, handler


@handler("await_letter")
async def await_letter(ctx: JobContext) -> str:
    """Waits until the file ``context.path`` is there, and returns what it says."""
    ctx.progress(10, "Waiting for the letter")
    path = Path(ctx.context["path"])
    try:
        while not path.exists():
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        ctx.log("Tidied up")
        raise
    return path.read_text()


@handler("read_letter", attempts=2)
async def read_letter(ctx: JobContext) -> str:
    """Returns what the file ``context.path`` says. There may be none yet (bad luck), or a folder (hopeless)."""
    path = Path(ctx.context["path"])
    if path.is_dir():
        raise Fail("not_a_letter", "That is a folder.")
    return path.read_text()


@handler("knock")
async def knock(ctx: JobContext) -> str:
    """Is heard at the third knock."""
    if ctx.attempt < 3:
        raise TimeoutError("nobody opened")
    return "Come in!"


@handler("write_letter")
async def write_letter(ctx: JobContext) -> dict[str, str]:
    """Thinks of something to write, waits for the stamp ``context.stamp``, and posts the letter in ``context.box``."""
    stamp, box = Path(ctx.context["stamp"]), Path(ctx.context["box"])

    def think() -> str:
        return f"A thought that comes only once: {uuid4()}"

    def look(key: str) -> str | None:
        return f"found {key}" if (box / key).exists() else None

    def post(key: str) -> str:
        (box / key).write_text(text)
        return f"posted {key}"

    text: str = await ctx.step("think", think)
    ctx.log(text)
    while not stamp.exists():
        await asyncio.sleep(0.05)
    return {"text": text, "receipt": await ctx.effect("post", look, post)}


@handler("deliver", batch=3, wait=30)
async def deliver(jobs: Sequence[JobContext]) -> list[str | Fail]:
    """Takes three letters on one round; one without an address can't be delivered."""
    return [
        f"Delivered with {len(jobs) - 1} others" if "address" in ctx.context else Fail("no_address", "Where to?")
        for ctx in jobs
    ]
