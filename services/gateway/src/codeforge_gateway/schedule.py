"""When a job may begin, and how it stands among its user's: ``delaySeconds`` or ``runAt``, and ``priority``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from codeforge_gateway.errors import Fault

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """``delay_ms`` from now, or ``run_at`` (milliseconds since 1970, perhaps in the past); ``priority`` in seconds."""

    delay_ms: int = 0
    run_at: int | None = None
    priority: int = 0


AT_ONCE = Schedule()


def schedule_of(body: Mapping[str, Any]) -> Schedule:
    """What a body asks for that has no :func:`faults`, neither of its schema's nor of these."""
    delay, run_at, priority = body.get("delaySeconds"), body.get("runAt"), body.get("priority")
    if delay is run_at is priority is None:
        return AT_ONCE
    return Schedule(
        delay_ms=round(1000 * (delay or 0)),
        run_at=None if run_at is None else milliseconds(run_at),
        priority=int(priority or 0),
    )


def faults(body: Mapping[str, Any], *, max_delay_seconds: int, now: float) -> Sequence[Fault]:
    """What a JSON schema can't say of ``runAt``: the schema says whether it is a text. ``now``: seconds since 1970."""
    run_at = body.get("runAt")
    if not isinstance(run_at, str):
        return ()
    if body.get("delaySeconds") is not None:
        return [Fault("runAt", "can't stand together with delaySeconds")]
    at = milliseconds(run_at)
    if at is None:
        return [Fault("runAt", "should be an ISO-8601 time with its zone, such as 2026-11-24T06:47:00Z")]
    if at > 1000 * (now + max_delay_seconds):
        return [Fault("runAt", f"should be at most {max_delay_seconds} seconds from now")]
    return ()


def milliseconds(text: str) -> int | None:
    """An ISO-8601 time with its zone as milliseconds since 1970; None for what isn't one."""
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return None if at.tzinfo is None else (at - _EPOCH) // _MILLISECOND
