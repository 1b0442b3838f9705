"""FastAPI + Celery: what one would write to submit background work over HTTP."""

# mypy: ignore-errors

from __future__ import annotations

from celery_jobs import run
from fastapi import FastAPI
from fastapi_body import Submit

app = FastAPI()


@app.post("/api/jobs/agent-task", status_code=202)
def submit(body: Submit):
    """Queues the job. Not async, because Celery isn't."""
    result = run.delay(body.model_dump())
    return {"success": True, "jobId": result.id, "status": "queued"}
