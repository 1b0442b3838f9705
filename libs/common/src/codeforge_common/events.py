"""The events that reach people: their names and the shape of their payload. Pure: no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic_core import to_json

# pydantic reads the TypedDict of typing only from Python 3.12 on.
from typing_extensions import TypedDict

from codeforge_common.record import PackedRecord


class Event(StrEnum):
    """Names of what a server sends; the only place where they are spelled."""

    JOB_UPDATE = "job:update"


class JobUpdate(TypedDict):
    """The whole state of a job after one change (contract, section 2). Times are ISO-8601 in UTC with milliseconds.

    ``logs`` are the newest ten lines, ``progress`` an integer percent, ``cursor`` the change's place in the event
    log, opaque to clients. ``seq`` counts a job's changes from 1 without a gap.
    """

    jobId: str
    sessionId: str
    userId: str
    type: str
    title: str
    status: str
    progress: int
    stage: str | None
    logs: list[str]
    result: Any
    error: str | None
    attempt: int
    attemptsMax: int
    crashes: int
    cancelRequested: bool
    createdAt: str
    startedAt: str | None
    completedAt: str | None
    timestamp: str
    seq: int
    cursor: str


UPDATE_LOG_LINES = 10
"""How many of the newest log lines an update carries (contract, section 2)."""


def iso(milliseconds: int | None) -> str | None:
    """Milliseconds since 1970 as ``2026-11-24T06:47:48.123Z``; None stays None."""
    if milliseconds is None:
        return None
    whole = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{milliseconds % 1000:03d}Z"


def job_update_json(record: PackedRecord, *, cursor: str, logs: str = "", error: str = "", result: str = "") -> str:
    """A :class:`JobUpdate` as JSON. ``logs``: lines as JSON with commas; ``error``, ``result``: JSON, "" for null."""
    head = to_json(
        {
            "jobId": record.id,
            "sessionId": record.session,
            "userId": record.user,
            "type": record.type,
            "title": record.title,
            "status": record.state,
            "progress": record.progress or 0,
        }
    ).decode()
    tail = to_json(
        {
            "attempt": record.attempts or 0,
            "attemptsMax": record.attempts_max,
            "crashes": record.crashes or 0,
            "cancelRequested": record.cancel,
            "createdAt": iso(record.created_at),
            "startedAt": iso(record.started_at or None),
            "completedAt": iso(record.completed_at or None),
            "timestamp": iso(record.updated_at),
            "seq": record.seq,
            "cursor": cursor,
        }
    ).decode()
    beside = f'"stage":{record.stage or "null"},"logs":[{logs}],"result":{result or "null"},"error":{error or "null"}'
    return f"{head[:-1]},{beside},{tail[1:]}"


def log_line(text: str, *, at: float) -> str:
    """A line of a job's log as it is kept and shown: ``[HH:MM:SS] text``, UTC. ``at`` is seconds since 1970."""
    return f"[{datetime.fromtimestamp(at, UTC):%H:%M:%S}] {text}"
