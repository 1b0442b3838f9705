"""All services together: the order in which they start and end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Sequence

from codeforge_local.console import say
from codeforge_local.keeper import Keeper
from codeforge_local.service import Service

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """``server`` (None: it runs elsewhere) is ready before ``services`` start, and ends after them: a worker hands its
    jobs back to a server that is still there."""

    def __init__(self, *, server: Service | None, services: Sequence[Service]) -> None:
        self.server = [Keeper(server)] if server else []
        self.services = [Keeper(service) for service in services]
        self._told = asyncio.Event()

    async def run(self) -> None:
        """Runs until a signal comes. Raises GaveUp when a service can't be brought up. Nothing is left either way."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            await self._bring_up(self.server)
            await self._bring_up(self.services)
            if not self._told.is_set():
                say("", "Everything runs. Ctrl-C stops it.")
            await self._first_of(self._told.wait())
        finally:
            await asyncio.gather(*(keeper.stop() for keeper in self.services))
            await asyncio.gather(*(keeper.stop() for keeper in self.server))
        say("", "Stopped. The jobs are kept.")

    def _on_signal(self, number: signal.Signals) -> None:
        if not self._told.is_set():
            self._told.set()
            say("", "Stopping; running jobs have up to 25 s to finish. Ctrl-C again ends them as a crash would.")
        elif number == signal.SIGINT:
            for keeper in self.services:
                keeper.kill()

    async def _bring_up(self, keepers: Sequence[Keeper]) -> None:
        for keeper in keepers:
            if not self._told.is_set():
                keeper.start()
        await self._first_of(self._told.wait(), _all_ready(keepers))

    async def _first_of(self, *awaited: Coroutine[None, None, object]) -> None:
        """Returns with the first that is done; a service that was given up counts and raises."""
        kept = {keeper.task for keeper in (*self.server, *self.services) if keeper.task}
        waits = {asyncio.ensure_future(each) for each in awaited}
        try:
            done, _ = await asyncio.wait(kept | waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        for task in done & kept:
            task.result()


async def _all_ready(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        await keeper.ready.wait()
