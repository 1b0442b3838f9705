"""The thread that keeps the worker's word: renewals, deadlines, and an eye on the event loop.

It has a loop and a store of its own, so that nothing that a handler does to the main loop costs a lease.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

from codeforge_common.cancelling import cancel
from codeforge_common.store import Store
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker import clock
from codeforge_worker.availability import Availability
from codeforge_worker.deadlines import Deadlines
from codeforge_worker.heartbeat import BEAT_SECONDS, Heartbeat
from codeforge_worker.lease import Lease, Leases
from codeforge_worker.renewal import Identity, Renewal

Answer = TypeVar("Answer")


class Lifeline:
    """Runs beside the event loop until :meth:`stop`.

    ``went_back`` is called when the store has lost its last moments. Three calls end the process: ``outlived`` when an
    async handler outlives its lease, ``stalled`` when the loop is silent for ``stall_seconds``, ``broken`` when the
    thread itself fails.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Store],
        identity: Identity,
        leases: Leases,
        availability: Availability,
        readiness: Readiness,
        heartbeat: Heartbeat,
        renew_seconds: float,
        stall_seconds: float,
        went_back: Callable[[], None],
        outlived: Callable[[Lease], None],
        stalled: Callable[[Store], Awaitable[None]],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._connect = connect
        self._identity = identity
        self._leases = leases
        self._availability = availability
        self._readiness = readiness
        self._heartbeat = heartbeat
        self._renew_seconds = renew_seconds
        self._stall_seconds = stall_seconds
        self._went_back = went_back
        self._stalled = stalled
        self._broken = broken
        self._deadlines = Deadlines(leases=leases, outlived=outlived)
        self._thread = threading.Thread(target=self._run, name="lifeline", daemon=True)
        self._running = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._store: Store
        self._renewal: Renewal
        self._stopping: asyncio.Event

    def start(self) -> None:
        """Starts the thread; returns when it runs."""
        self._thread.start()
        self._running.wait()

    def hurry(self) -> None:
        """Renews at once: the free slots have changed for good."""
        self._loop.call_soon_threadsafe(self._renewal.hurry)

    def call(self, ask: Callable[[Store], Awaitable[Answer]]) -> Future[Answer]:
        """Calls the lifeline's store from another thread."""

        async def answer() -> Answer:
            return await ask(self._store)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop)

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._broken(error)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._store = self._connect()
        self._renewal = Renewal(
            store=self._store,
            identity=self._identity,
            leases=self._leases,
            availability=self._availability,
            readiness=self._readiness,
            went_back=self._went_back,
            interval=self._renew_seconds,
        )
        self._running.set()
        keepers = [asyncio.create_task(each) for each in (self._renewal.run(), self._deadlines.run(), self._watch())]
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait({stopping, *keepers}, return_when=asyncio.FIRST_COMPLETED)
        await cancel({stopping, *keepers})
        await self._store.close()
        for keeper in done - {stopping}:
            keeper.result()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if self._heartbeat.silent(clock.now()) >= self._stall_seconds:
                await self._stalled(self._store)
