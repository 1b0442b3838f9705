"""The events that reach people: their names and the shape of their payload. Pure: no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# pydantic reads the TypedDict of typing only from Python 3.12 on.
from typing_extensions import TypedDict


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


def log_line(text: str, *, at: float) -> str:
    """A line of a job's log as it is kept and shown: ``[HH:MM:SS] text``, UTC. ``at`` is seconds since 1970."""
    return f"[{datetime.fromtimestamp(at, UTC):%H:%M:%S}] {text}"
