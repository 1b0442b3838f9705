"""Handlers that only the kit tries out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from codeforge_common.handler import Cancelled, JobContext, handler


@handler("posts", batch=5)
async def posts(jobs: Sequence[JobContext]) -> list[Any]:
    """Posts something for each job, with what became of that as its outcome."""
    for ctx in jobs:
        ctx.log("Posting")
    ends: list[Any] = []
    for ctx in jobs:
        try:
            ends.append(await ctx.effect("post", lambda key: None, lambda key: key))
        except Cancelled as cancelled:
            ends.append(cancelled)
    return ends


@handler("environment")
async def environment(ctx: JobContext) -> str | None:
    """Returns a variable."""
    return os.environ.get("BOX")


@handler("forgetful")
async def forgetful(ctx: JobContext) -> None:
    """Leaves a task behind."""

    async def left() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ctx.log("cut off")

    ctx.context.get("task", asyncio.create_task(left()))
    await asyncio.sleep(1)
