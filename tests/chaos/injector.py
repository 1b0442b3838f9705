"""Breaks things, as planned."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from tests.chaos.faults import BROKER, SERVICES, Fault, FaultKind
from tests.chaos.history import Freeze
from tests.chaos.journal import now
from tests.chaos.stage import Stage

STOP_SECONDS = 30
"""What a service has to end after SIGTERM (issue: exit code 0 within 30 s)."""
WAKE_SECONDS = 1.0
"""What a process has to find out that it slept over its lease, before it is the target of anything else."""
LOOK_SECONDS = 0.1


class Injector:
    """Carries out faults, and starts again what has ended by itself, as a platform does.

    Several faults may be in force at once, but no two on one target.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._targets: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.freezes: list[Freeze] = []
        self.ended: list[str] = []
        """Processes that ended by themselves."""
        self.surprises: list[str] = []

    async def run(self, faults: Sequence[Fault]) -> None:
        """All faults, each at its time; returns when the last is over."""
        begun = now()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(begun + fault.at - now())
                group.create_task(self._suffer(fault))

    async def revive(self) -> None:
        """Starts again what has ended by itself, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for service in SERVICES:
                if not self._targets[service].locked():
                    async with self._targets[service]:
                        await self._revive(service)

    async def _suffer(self, fault: Fault) -> None:
        async with self._targets[fault.target]:
            if fault.target in SERVICES:
                await self._revive(fault.target)
            await _ACTS[fault.kind](self, fault)

    # Services. ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _kill(self, fault: Fault) -> None:
        await asyncio.to_thread(self._stage.house.programs[fault.target].kill)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(self._stage.start_again, fault.target)

    async def _stop(self, fault: Fault) -> None:
        program = self._stage.house.programs[fault.target]
        assert program.process is not None
        os.kill(program.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                while (code := program.process.poll()) is None:
                    await asyncio.sleep(LOOK_SECONDS)
            # Who hasn't started yet can't heed the signal, and has nothing to lose.
            if code != 0 and not (code == -signal.SIGTERM and "stopping" not in self._stage.told(fault.target)):
                self.surprises.append(f"{self._stage.life(fault.target)} ended with {code} after SIGTERM")
        except TimeoutError:
            self.surprises.append(f"{self._stage.life(fault.target)} still runs {STOP_SECONDS} s after SIGTERM")
        await asyncio.to_thread(program.kill)
        await asyncio.to_thread(self._stage.start_again, fault.target)

    async def _freeze(self, fault: Fault) -> None:
        process, pid = self._stage.life(fault.target), self._stage.house.programs[fault.target].pid
        stopped_at = now()
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        continued_at = now()
        os.kill(pid, signal.SIGCONT)
        self.freezes.append(Freeze(process=process, stopped_at=stopped_at, continued_at=continued_at))
        await asyncio.sleep(WAKE_SECONDS)

    async def _revive(self, service: str) -> None:
        program = self._stage.house.programs[service]
        if program.process is None or (code := program.process.poll()) is None:
            return
        self.ended.append(f"{self._stage.life(service)} with {code}")
        await asyncio.to_thread(program.kill)
        await asyncio.to_thread(self._stage.start_again, service)

    # Links. ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _cut(self, fault: Fault) -> None:
        self._stage.links[fault.target].cut()

    async def _refuse(self, fault: Fault) -> None:
        link = self._stage.links[fault.target]
        link.refuse(True)
        link.cut()
        await asyncio.sleep(fault.seconds)
        link.refuse(False)

    async def _silence(self, fault: Fault) -> None:
        link = self._stage.links[fault.target]
        link.freeze()
        await asyncio.sleep(fault.seconds)
        link.thaw()

    async def _delay(self, fault: Fault) -> None:
        link = self._stage.links[fault.target]
        link.delay(fault.amount)
        await asyncio.sleep(fault.seconds)
        link.delay(0)

    async def _lose(self, fault: Fault) -> None:
        self._stage.links[fault.target].lose_replies(int(fault.amount))

    # Servers. ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _crash(self, fault: Fault) -> None:
        if fault.target == BROKER:
            broker = self._stage.broker
            assert broker is not None
            await asyncio.to_thread(broker.node.kill)
            await asyncio.sleep(fault.seconds)
            await asyncio.to_thread(broker.restart)
        else:
            await self._restart(fault)

    async def _restart(self, fault: Fault) -> None:
        kill = fault.kind is FaultKind.CRASH
        await asyncio.to_thread(self._stage.server.restart, kill=kill, away=fault.seconds, fsync=fault.fsync)

    async def _restore(self, fault: Fault) -> None:
        await asyncio.to_thread(self._stage.server.restore, away=fault.seconds, fsync=fault.fsync)


_ACTS: Mapping[FaultKind, Callable[[Injector, Fault], Awaitable[None]]] = {
    FaultKind.KILL: Injector._kill,
    FaultKind.STOP: Injector._stop,
    FaultKind.NAP: Injector._freeze,
    FaultKind.SLEEP: Injector._freeze,
    FaultKind.CUT: Injector._cut,
    FaultKind.REFUSE: Injector._refuse,
    FaultKind.SILENCE: Injector._silence,
    FaultKind.DELAY: Injector._delay,
    FaultKind.LOSE: Injector._lose,
    FaultKind.CRASH: Injector._crash,
    FaultKind.RESTART: Injector._restart,
    FaultKind.RESTORE: Injector._restore,
}
