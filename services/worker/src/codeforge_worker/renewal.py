"""Renews the worker's leases and beats its heart, once a second. Runs in the lifeline thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.job import JobType
from codeforge_common.store import Held, Served, Store, Verdict
from codeforge_common.store.store import types_digest
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker import clock
from codeforge_worker.availability import Availability
from codeforge_worker.lease import STOPS, Lease, Leases

INTERVAL_SECONDS = 1.0
"""Between two renewals: three fit into the shortest lease, and the store believes a heartbeat for three."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this worker is to the store: an id random per process start, and what it serves."""

    worker: str
    types: Sequence[JobType]
    serves: Sequence[Served]


class Renewal:
    """The loop that renews, with a store of its own; also with no lease at all, while a slot is free."""

    def __init__(
        self,
        *,
        store: Store,
        identity: Identity,
        leases: Leases,
        availability: Availability,
        readiness: Readiness,
        went_back: Callable[[], None],
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """``went_back`` hears that the store has lost what it knew a moment ago."""
        self._store = store
        self._identity = identity
        self._digest = types_digest(identity.types)
        self._leases = leases
        self._availability = availability
        self._readiness = readiness
        self._went_back = went_back
        self._interval = interval
        self._announce = True
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Renews now and not at the next beat: the credit has changed."""
        self._hurry.set()

    async def run(self) -> None:
        """Renews until cancelled."""
        while True:
            self._hurry.clear()
            begun = clock.now()
            try:
                await self.once()
            except StoreUnavailable as error:
                self._availability.failed("renew", error)
            else:
                self._availability.answered("renew")
            try:
                async with asyncio.timeout(max(self._interval - (clock.now() - begun), 0)):
                    await self._hurry.wait()
            except TimeoutError:
                pass

    async def once(self) -> None:
        """One renewal, and the announcement where the store lacks it. Raises StoreUnavailable."""
        if self._announce:
            await self._store.announce(self._identity.types)
            self._announce = False
            names = [one.name for one in self._identity.types]
            _log.info("job types announced", types=names)
            self._readiness.set("job_types", ok=True, detail=names)
        said = self._leases.snapshot()
        sent = clock.now()
        answer = await self._store.renew(
            worker=self._identity.worker,
            held=[Held(job_id=lease.job_id, token=lease.token) for lease in said.leases],
            answered=said.answered,
            free=said.free,
            serves=self._identity.serves,
            digest=self._digest,
        )
        for lease, verdict in zip(said.leases, answer.verdicts, strict=True):
            self._heed(lease, verdict, sent=sent)
        self._announce = answer.announce
        if answer.seen < said.answered:
            self._went_back()

    def _heed(self, lease: Lease, verdict: Verdict, *, sent: float) -> None:
        # An outcome on its way overtakes a renewal: what was said of its lease is no news.
        if not self._leases.current(lease):
            return
        if verdict in (Verdict.HELD, Verdict.CANCELLED):
            lease.since = sent
        if reason := STOPS.get(verdict):
            lease.stop(reason)
