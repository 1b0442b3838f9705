"""Keeps one service running: started, announced when it is ready, started again when it dies, ended on demand."""

from __future__ import annotations

import asyncio

from codeforge_common.errors import CodeForgeError
from codeforge_local.console import say
from codeforge_local.service import Running, Service

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds before a service that died is started again: doubled each time, from the first to the longest."""
STEADY = 30.0
"""A service that ran for so many seconds begins with the first pause again."""
TRIES = 3
"""A service that was never ready is given up after so many starts."""
PROBE_INTERVAL = 0.05
PATIENCE = 10.0
"""Seconds after which a line says what a service that isn't ready waits for."""
LENIENCE = 2.0
"""Seconds beyond its grace after which a service that was asked to end is killed: its own limit has to come first."""


class GaveUp(CodeForgeError):
    """Raised when a service can't be brought up."""

    code = "service_failed"


class Keeper:
    """Runs one service until it is stopped."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.ready = asyncio.Event()
        """Set when the service was ready for the first time."""
        self._running: Running | None = None
        self._stopping = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        """Keeps the service running; ends with :meth:`stop`, or fails with GaveUp."""

    def start(self) -> None:
        """Starts the service and keeps it running."""
        self.task = asyncio.create_task(self._keep(), name=self.service.name)

    def kill(self) -> None:
        """Ends the service at once."""
        if self._running:
            self._running.kill()

    async def stop(self) -> None:
        """Ends the service, by force when its grace is over; returns when it is gone."""
        self._stopping.set()
        if self.task is None:
            return
        if self._running:
            self._running.terminate()
        _, late = await asyncio.wait([self.task], timeout=self.service.grace + LENIENCE)
        if late:
            say(self.service.name, "didn't end in time and is killed")
            self.kill()
            await asyncio.wait([self.task])

    async def _keep(self) -> None:
        clock = asyncio.get_running_loop().time
        pause, tries = FIRST_PAUSE, 0
        while not self._stopping.is_set():
            started_at, tries = clock(), tries + 1
            how = await self._run_once()
            if self._stopping.is_set():
                return
            if tries >= TRIES and not self.ready.is_set():
                raise GaveUp(f"{self.service.name} ended {how}, {tries} times in a row, before it was ready.")
            if clock() - started_at > STEADY:
                pause = FIRST_PAUSE
            say(self.service.name, f"ended {how}; starting again in {pause:g} s")
            await self._pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self) -> str:
        """Starts it and returns how it ended."""
        self._running = await self.service.start()
        if self._stopping.is_set():
            self._running.terminate()
        watch = asyncio.create_task(self._say_when_ready())
        try:
            return await self._running.ended()
        finally:
            watch.cancel()
            self._running = None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            pass

    async def _say_when_ready(self) -> None:
        clock = asyncio.get_running_loop().time
        patience = clock() + PATIENCE
        while (waits_for := await self.service.ready()) is not None:
            if clock() > patience:
                say(self.service.name, f"isn't ready yet: {waits_for}")
                patience = float("inf")
            await asyncio.sleep(PROBE_INTERVAL)
        say(self.service.name, f"ready  {self.service.address}")
        self.ready.set()
