"""FastAPI + arq: what one would write to submit background work over HTTP."""

# mypy: ignore-errors

from __future__ import annotations

from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings
from fastapi import FastAPI
from fastapi_body import Submit
from journal import URL


@asynccontextmanager
async def lifespan(app):
    """Holds the pool."""
    app.state.pool = await create_pool(RedisSettings.from_dsn(URL))
    yield
    await app.state.pool.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/api/jobs/agent-task", status_code=202)
async def submit(body: Submit):
    """Queues the job."""
    job = await app.state.pool.enqueue_job("bench", body.model_dump())
    return {"success": True, "jobId": job.job_id, "status": "queued"}
