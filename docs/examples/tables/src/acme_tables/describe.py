"""The job type `table_describe`: a handler that asks a model, and keeps what it answers."""

from __future__ import annotations

import os
from typing import Any

import httpx2

from codeforge_common.handler import JobContext, Retry, handler

CONTEXT = {"type": "object", "properties": {"csv": {"type": "string"}}, "required": ["csv"]}


@handler("table_describe", context_schema=CONTEXT)
async def table_describe(ctx: JobContext) -> dict[str, Any]:
    """Has the model at ``OPENAI_BASE_URL`` say what ``context.csv`` is about, and how it would be called."""
    ctx.progress(10, "Reading")
    about = await ctx.step("about", lambda: ask(f"Say in a sentence what this table is about:\n{ctx.context['csv']}"))
    ctx.output(about)
    ctx.progress(60, "Naming")
    name = await ctx.step("name", lambda: ask(f"Find a name of one word for a table like this: {about}"))
    return {"about": about, "name": name}


async def ask(question: str) -> str:
    """The model's answer."""
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    body = {"model": os.environ["TABLES_MODEL"], "messages": [{"role": "user", "content": question}]}
    async with httpx2.AsyncClient(timeout=300, headers=headers) as client:
        answer = await client.post(f"{os.environ['OPENAI_BASE_URL']}/chat/completions", json=body)
    if answer.status_code == 429:
        raise Retry(after=float(answer.headers.get("Retry-After", 20)), reason="The model is busy.")
    text: str = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    return text
