"""A job record as clients see it: in HTTP answers and in event streams. Pure."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response

from codeforge_common.events import UPDATE_LOG_LINES, JobUpdate, iso
from codeforge_common.job import JobRecord
from codeforge_common.store import TimelineEntry
from codeforge_gateway.answers import Data, Finished, Job, Moment


def job_of(record: JobRecord) -> Job:
    """The record as HTTP answers show it."""
    return {
        "id": record.id,
        "type": record.type,
        "status": record.status,
        "title": record.title,
        "data": cast(Data, record.data),
        "result": record.result,
        "progress": record.progress,
        "stage": record.stage,
        "logs": record.logs,
        "createdAt": _time(record.created_at),
        "startedAt": iso(record.started_at),
        "completedAt": iso(record.completed_at),
        "updatedAt": _time(record.updated_at),
        "failedReason": record.failed_reason,
        "attemptsMade": record.attempts_made,
        "attemptsMax": record.attempts_max,
        "crashes": record.crashes,
        "cancelRequested": record.cancel_requested,
        "seq": record.seq,
        "runAt": iso(record.run_at),
        "priority": record.priority,
        "steps": record.steps,
        "position": record.position,
        "ahead": record.ahead,
    }


def moment_of(entry: TimelineEntry) -> Moment:
    """An entry of a timeline as HTTP answers show it."""
    moment: Moment = {"at": _time(entry.at), "event": entry.event}
    about = {
        "reason": entry.reason,
        "by": entry.by,
        "worker": entry.worker,
        "token": entry.token,
        "attempt": entry.attempt,
        "dueAt": iso(entry.due),
    }
    return cast(Moment, {**moment, **{name: value for name, value in about.items() if value is not None}})


def finished(record: JobRecord) -> Finished:
    """The answer of a call that waited for the job's end."""
    return {"success": True, "jobId": record.id, "status": record.status, "job": job_of(record)}


def update_of(record: JobRecord, *, cursor: str) -> JobUpdate:
    """``job:update`` (contract, section 2) that says where the job stands now. The record's result is the short one."""
    return {
        "jobId": record.id,
        "sessionId": record.session_id,
        "userId": record.user_id,
        "type": record.type,
        "title": record.title,
        "status": record.status.value,
        "progress": record.progress,
        "stage": record.stage,
        "logs": list(record.logs[-UPDATE_LOG_LINES:]),
        "result": record.result,
        "error": record.failed_reason,
        "attempt": record.attempts_made,
        "attemptsMax": record.attempts_max,
        "crashes": record.crashes,
        "cancelRequested": record.cancel_requested,
        "createdAt": _time(record.created_at),
        "startedAt": iso(record.started_at),
        "completedAt": iso(record.completed_at),
        "timestamp": _time(record.updated_at),
        "seq": record.seq,
        "cursor": cursor,
    }


def _time(milliseconds: int) -> str:
    return iso(milliseconds) or ""


def json_bytes(value: Any) -> bytes:
    """``value`` as JSON in UTF-8."""
    try:
        return to_json(value)
    except PydanticSerializationError:
        # A result may hold lone surrogates (a file name that isn't UTF-8), which only escapes can carry.
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json_bytes(body), status_code=status, headers=headers, media_type="application/json")
