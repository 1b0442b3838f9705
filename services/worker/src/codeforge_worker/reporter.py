"""Sends what runs report: gathered over all runs, one call in flight, each report taken at most once.

A report has a number within its run; a call that wasn't answered is repeated with the same numbers, so a repeat
appends nothing. What is unanswered or unsent when a run ends goes with its outcome instead.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from codeforge_common.errors import StoreFull
from codeforge_common.store import Report, Store, Verdict
from codeforge_worker import clock
from codeforge_worker.availability import Availability
from codeforge_worker.call_weight import fitting, weight_of_report
from codeforge_worker.reports import RunReports

BATCH = 64
"""Runs that are asked for their reports for one call; it takes as much of them as is good for the server."""


class Reporter:
    """The one sender of reports; made and run on the event loop. ``dropped`` is told how many a full store refused."""

    def __init__(
        self, *, store: Store, worker: str, availability: Availability, dropped: Callable[[int], None]
    ) -> None:
        self._store = store
        self._worker = worker
        self._availability = availability
        self._dropped = dropped
        self._waiting: dict[RunReports, None] = {}  # an ordered set
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def wake(self, reports: RunReports) -> None:
        """``reports`` has something to send. Any thread may say so."""
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.wake, reports)
            return
        self._waiting[reports] = None
        self._wake.set()

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            await self._send(await self._due())

    async def _due(self) -> Sequence[RunReports]:
        while True:
            self._wake.clear()
            now = clock.now()
            if due := [reports for reports in self._waiting if reports.due <= now][:BATCH]:
                for reports in due:
                    del self._waiting[reports]
                return due
            next_due = min((reports.due - now for reports in self._waiting), default=None)
            try:
                async with asyncio.timeout(next_due):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _send(self, batch: Sequence[RunReports]) -> None:
        sent: list[RunReports] = []
        left: list[RunReports] = []

        async def ask() -> Sequence[Verdict]:
            # Asked anew for each try: a run that ended meanwhile gives nothing any more.
            taken = [(reports, report) for reports in batch if (report := reports.take(now=clock.now()))]
            number = fitting(weight_of_report(report) for _, report in taken)
            sent[:] = [reports for reports, _ in taken[:number]]
            left[:] = [reports for reports, _ in taken[number:]]
            return await self._call([report for _, report in taken[:number]])

        verdicts = await self._availability.until_answered("report", ask)
        for reports, verdict in zip(sent, verdicts, strict=True):
            reports.answered()
            reports.heed(verdict)
        for reports in left:
            self.wake(reports)

    async def _call(self, taken: Sequence[Report]) -> Sequence[Verdict]:
        if not taken:
            return ()
        try:
            return await self._store.report(worker=self._worker, reports=taken)
        except StoreFull:
            # Progress is what a full server may lose; a handler never hears of it.
            self._dropped(len(taken))
            return [Verdict.HELD] * len(taken)
