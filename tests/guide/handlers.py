"""The job types of lessons 3 to 5. What makes a function a handler is lesson 6."""

from __future__ import annotations

import asyncio
from pathlib import Path

from codeforge_worker.context import JobContext
from codeforge_worker.outcome import Fail
from codeforge_worker.registry import handler


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
