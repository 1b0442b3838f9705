"""Keeps the deadlines of leases and attempts. Runs in the lifeline thread, so that a busy event loop costs none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from codeforge_common.handler.ending import Stop
from codeforge_worker import clock
from codeforge_worker.lease import END, PAUSE, Lease, Leases

TICK_SECONDS = 0.1
"""Between two looks; a handler outlives a deadline by no more, also when the process wakes from a freeze."""


class Deadlines:
    """Looks at every running lease, level-triggered: what a look finds doesn't depend on what the last one found.

    A child's pause is its guard's to keep; here the guard learns when. ``outlived`` is called when an async handler
    hasn't ended in time; it ends the process.
    """

    def __init__(self, *, leases: Leases, outlived: Callable[[Lease], None]) -> None:
        self._leases = leases
        self._outlived = outlived

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self.look(clock.now())
            await asyncio.sleep(TICK_SECONDS)

    def look(self, now: float) -> None:
        """Does what the clock demands at ``now``."""
        for lease in self._leases.running:
            used = lease.used(now)
            if lease.pausable:
                lease.allow_until(lease.pause_at)
            elif used >= END:
                self._outlived(lease)
            elif used >= PAUSE:
                lease.stop(Stop.LEASE)
            if used < PAUSE and lease.wall_end is not None and now >= lease.wall_end:
                lease.stop(Stop.WALL_TIME)
