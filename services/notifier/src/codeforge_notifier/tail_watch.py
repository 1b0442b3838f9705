"""Whether the event log is read, for ``/readyz``."""

from __future__ import annotations

import asyncio

from codeforge_common.event_log import EventTail
from codeforge_common.telemetry.readiness import Readiness

CHECKS = ("event_log",)
"""What the notifier reports."""

INTERVAL_SECONDS = 0.5


async def watch_tail(tail: EventTail, readiness: Readiness, *, interval: float = INTERVAL_SECONDS) -> None:
    """Keeps the check up to date, until cancelled. ``interval`` in seconds."""
    while True:
        connected = tail.connected
        readiness.set("event_log", ok=connected, detail={"connections": 1} if connected else "not read")
        await asyncio.sleep(interval)
