"""Updates as Engine.IO text: written once, for however many sockets, and only when one is about to leave."""

from __future__ import annotations

import time
from functools import lru_cache

from codeforge_common.event_log import Update
from codeforge_common.events import Event
from codeforge_common.telemetry.tracing import Tracing

FRESH_SECONDS = 10.0
"""An update older than that is a replay, and its job's trace has seen it leave already."""

_RECENT = 64
"""Texts kept: enough for the sockets that get the same update to share it, also when some are a little slower."""


class Packets:
    """Writes the packets of one process, and the span of each update that leaves it."""

    def __init__(self, *, tracing: Tracing) -> None:
        self._tracing = tracing
        self.text = lru_cache(maxsize=_RECENT)(self._write)

    def _write(self, update: Update) -> str:
        # 4: Engine.IO message; 2: Socket.IO event. https://socket.io/docs/v4/socket-io-protocol/
        text = f'42["{Event.JOB_UPDATE}",{update.json}]'
        if update.traceparent is not None and time.time() - update.at_ms / 1000 < FRESH_SECONDS:
            with self._tracing.send(Event.JOB_UPDATE, job_id=update.job_id, parent=update.traceparent):
                return text
        return text
