"""The job type `table_publish`: a handler in steps, for work that is dear, or that must not be done twice."""

from __future__ import annotations

import os
from typing import Any

import httpx2

from codeforge_common.handler import JobContext, handler

CONTEXT = {
    "type": "object",
    "properties": {"table": {"type": "string", "pattern": "^[a-z0-9-]+$"}},
    "required": ["table"],
}


@handler("table_publish", context_schema=CONTEXT)
async def table_publish(ctx: JobContext) -> Any:
    """Has the service at ``TABLES_URL`` write a report on ``context.table``, and publishes that there, once."""
    async with httpx2.AsyncClient(base_url=os.environ["TABLES_URL"], timeout=60) as service:

        async def write() -> str:
            async with service.stream("POST", f"/reports/{ctx.context['table']}") as answer:
                answer.raise_for_status()
                text = ""
                async for piece in answer.aiter_text():
                    ctx.output(piece)
                    text += piece
            return text

        async def look(key: str) -> Any:
            answer = await service.get(f"/publications/{key}")
            return answer.json() if answer.status_code == 200 else None

        async def make(key: str) -> Any:
            return (await service.put(f"/publications/{key}", content=report)).raise_for_status().json()

        report = await ctx.step("report", write)
        return await ctx.effect("publish", look, make)
