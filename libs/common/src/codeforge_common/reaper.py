"""The loop that rescues: expired leases, due jobs, work that nobody was rung for, records over their age."""

from __future__ import annotations

import asyncio

import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.queue import Bell
from codeforge_common.store import Store
from codeforge_common.telemetry.metrics import Metrics

INTERVAL_SECONDS = 1.0
"""How often each process calls for a round; the script lets one in half a second through."""

_log = structlog.get_logger(__name__)


class Reaper:
    """Calls the store's rounds once a second, in every process, and rings for what they made claimable."""

    def __init__(self, *, store: Store, bell: Bell, metrics: Metrics, interval: float = INTERVAL_SECONDS) -> None:
        self._store = store
        self._bell = bell
        self._metrics = metrics
        self._interval = interval

    async def run(self) -> None:
        """Runs until cancelled. An outage of the store is waited out; whoever watches the store says so, not we."""
        while True:
            try:
                await self.round()
            except StoreUnavailable:
                _log.debug("reap put off: the store is away")
            await asyncio.sleep(self._interval)

    async def round(self) -> None:
        """One round, repeated while it answers that there is more. Raises StoreUnavailable."""
        again = False
        while True:
            done = await self._store.reap(again=again)
            for job_type, count in done.crashed.items():
                self._metrics.crashes.labels(type=job_type).inc(count)
                _log.warning("workers were lost while they ran jobs", type=job_type, jobs=count)
            self._metrics.count_ended(done.ended)
            if done.rings:
                self._bell.ring(done.rings)
            if done.sweep:
                await self._sweep()
            if not done.more:
                return
            again = True

    async def _sweep(self) -> None:
        swept = await self._store.sweep()
        self._bell.ring(swept.rings)
        if swept.orphans or swept.mended:
            _log.warning("the sweep mended the store", orphans=swept.orphans, mended=swept.mended)
