"""Whether the store answers the worker: waits while it doesn't, and lets ``/readyz`` and one log line say so."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import TypeVar

from codeforge_common.errors import StoreUnavailable
from codeforge_common.telemetry.readiness import Readiness

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0

Answer = TypeVar("Answer")


class Availability:
    """What each of the worker's kinds of call met last. Safe across threads.

    The store counts as away while any of them fails: a server may answer some and refuse others.
    """

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._lock = Lock()
        self._failing: set[str] = set()
        self._known = False

    def failed(self, call: str, error: StoreUnavailable) -> None:
        """A call of this kind wasn't answered."""
        with self._lock:
            self._failing.add(call)
            self._readiness.set("store", ok=False, detail=str(error))

    def answered(self, call: str) -> None:
        """A call of this kind was answered."""
        if self._known and call not in self._failing:
            return
        with self._lock:
            self._known = True
            self._failing.discard(call)
            if not self._failing:
                self._readiness.set("store", ok=True)

    async def until_answered(self, call: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks until there is an answer. ``ask`` is called anew for each try and must be harmless to repeat."""
        pause = FIRST_PAUSE_SECONDS
        try:
            while True:
                try:
                    answer = await ask()
                except StoreUnavailable as error:
                    self.failed(call, error)
                    await asyncio.sleep(random.uniform(0.5, 1) * pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                else:
                    self.answered(call)
                    return answer
        except asyncio.CancelledError:
            self.answered(call)  # not so, but nobody asks any more: it would count as failing for ever
            raise
