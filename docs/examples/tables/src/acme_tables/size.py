"""The job type `table_size`: a handler of batches, for work that costs as much for one job as for many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import httpx2

from codeforge_common.handler import Fail, JobContext, handler

CONTEXT = {"type": "object", "properties": {"table": {"type": "string"}}, "required": ["table"]}


@handler("table_size", context_schema=CONTEXT, batch=50, wait=0.05)
async def table_size(jobs: Sequence[JobContext]) -> list[Any]:
    """Asks the service at ``TABLES_URL`` for the sizes of all their tables in one call."""
    async with httpx2.AsyncClient(base_url=os.environ["TABLES_URL"]) as service:
        answer = await service.post("/sizes", json=[job.context["table"] for job in jobs])
    sizes = answer.raise_for_status().json()
    return [{"rows": size} if size is not None else Fail("no_such_table", "There is no such table.") for size in sizes]
