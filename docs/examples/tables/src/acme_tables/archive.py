"""The job type `table_archive`: an async handler, for work that mostly waits for others."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from codeforge_common.handler import Fail, JobContext, Retry, handler
from codeforge_worker.process import guarded

CONTEXT = {
    "type": "object",
    "properties": {
        "table": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "apiKey": {"type": "string"},
    },
    "required": ["table"],
}


@handler("table_archive", context_schema=CONTEXT, secret_fields=["context.apiKey"], attempts=5, wall_time=600)
async def table_archive(ctx: JobContext) -> dict[str, Any]:
    """Downloads ``context.table`` from the service at ``TABLES_URL``, packs it and stores the packed one there."""
    table = ctx.context["table"]
    key = ctx.secrets.get("context.apiKey")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(base_url=os.environ["TABLES_URL"], headers=headers) as service,
        ctx.workspace(partial(download, ctx, service)) as folder,
    ):
        ctx.progress(60, "Packing")
        async with guarded(["gzip", "--best", "table.csv"], cwd=folder) as gzip:
            if await gzip.wait() != 0:
                raise RuntimeError("gzip failed")
        packed = (folder / "table.csv.gz").read_bytes()
        ctx.progress(80, "Storing")
        # An attempt may end after this and be made again: the same name makes that harmless.
        (await service.put(f"/archive/{table}.csv.gz", content=packed)).raise_for_status()
    return {"table": table, "bytes": len(packed)}


async def download(ctx: JobContext, service: httpx2.AsyncClient, folder: Path) -> None:
    """Fills the workspace."""
    async with service.stream("GET", f"/tables/{ctx.context['table']}.csv") as answer:
        if answer.status_code == 404:
            raise Fail("no_such_table", "There is no table of this name.")
        if answer.status_code == 503:
            raise Retry(after=float(answer.headers.get("Retry-After", 5)), reason="The table service is busy.")
        answer.raise_for_status()
        size = int(answer.headers["Content-Length"])
        ctx.log(f"Downloading {size:,} bytes")
        with (folder / "table.csv").open("wb") as file:
            async for chunk in answer.aiter_bytes():
                file.write(chunk)
                ctx.progress(60 * file.tell() / size, "Downloading")
