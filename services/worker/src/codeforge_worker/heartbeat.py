"""The event loop's sign of life, and who misses it."""

from __future__ import annotations

import asyncio

BEAT_SECONDS = 0.5
"""How often the loop shows that it lives."""

LONGEST_STEP_SECONDS = 1.0
"""More than this of the watcher's own absence (SIGSTOP, a sleeping machine) isn't held against the loop."""


class Heartbeat:
    """Beaten by the event loop, watched from the lifeline thread."""

    def __init__(self) -> None:
        self._beats = 0
        self._seen = 0
        self._silent = 0.0
        self._looked: float | None = None

    async def beat(self) -> None:
        """Beats until cancelled. Runs on the loop that is watched."""
        while True:
            self._beats += 1
            await asyncio.sleep(BEAT_SECONDS)

    def silent(self, now: float) -> float:
        """Seconds without a beat, as seen by whoever asks this every :data:`BEAT_SECONDS` or so."""
        passed = 0.0 if self._looked is None else min(now - self._looked, LONGEST_STEP_SECONDS)
        self._looked = now
        self._silent = self._silent + passed if self._beats == self._seen else 0.0
        self._seen = self._beats
        return self._silent
