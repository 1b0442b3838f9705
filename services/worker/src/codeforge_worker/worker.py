"""The life of a worker: it starts its parts, works until it is asked to stop or can't go on, and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum, auto
from typing import Any

import structlog

from codeforge_common.cancelling import cancel
from codeforge_common.queue import Bell
from codeforge_common.store import Store
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker.consumer import RingConsumer
from codeforge_worker.heartbeat import Heartbeat
from codeforge_worker.lease import Lease
from codeforge_worker.lifeline import Lifeline
from codeforge_worker.runner import Execution
from codeforge_worker.shutdown import Shutdown

Part = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs on the event loop until it is cancelled; that it ends by itself is a defect."""

_log = structlog.get_logger(__name__)


class End(Enum):
    """Why a worker ends."""

    ASKED = auto()
    """By SIGTERM or SIGINT."""
    STUCK = auto()
    """A handler ignores its cancel, and no other run is left."""
    FAILED = auto()
    """A part of the worker failed."""


class Worker:
    """Put together in :mod:`codeforge_worker.app`."""

    def __init__(
        self,
        *,
        store: Store,
        lifeline: Lifeline,
        consumer: RingConsumer,
        bell: Bell,
        readiness: Readiness,
        shutdown: Shutdown,
        heartbeat: Heartbeat,
        parts: Sequence[Part],
        end_process: Callable[[int], None],
    ) -> None:
        self._store = store
        self._lifeline = lifeline
        self._consumer = consumer
        self._bell = bell
        self._readiness = readiness
        self._shutdown = shutdown
        self._heartbeat = heartbeat
        self._parts = parts
        self._end_process = end_process
        self._asked = asyncio.Event()
        self._stuck: set[Lease] = set()
        self._is_stuck = asyncio.Event()

    def stop(self) -> None:
        """Asks the worker to stop; again and again changes nothing."""
        self._asked.set()

    def give_up(self) -> None:
        """Ends the process when a stop takes too long; see :meth:`~codeforge_worker.shutdown.Shutdown.give_up`."""
        self._shutdown.give_up()

    def stuck(self, execution: Execution) -> None:
        """A handler ignores its cancel: no more work, and an end when the other runs have theirs."""
        jobs = [attempt.job_id for attempt in execution.attempts]
        _log.error("a handler ignores its cancel, the worker takes no more work", job_ids=jobs)
        self._readiness.set("handlers", ok=False, detail=f"A handler of {execution.type} ignores its cancel.")
        self._stuck.update(execution.attempts)
        self._shutdown.refuse_work()
        self._is_stuck.set()

    async def run(self) -> int:
        """Works until the end; the exit code."""
        self._lifeline.start()
        self._bell.start()
        self._consumer.start()
        heartbeat = asyncio.create_task(self._heartbeat.beat())
        parts = [asyncio.create_task(part()) for part in self._parts]
        end = await self._until_end(parts)
        _log.info("stopping", why=end.name.lower())
        self._consumer.pause()
        self._shutdown.refuse_work()
        if end is End.STUCK:
            self._end_process(1)
        await self._shutdown.let_runs_end()
        await cancel(parts)
        await self._shutdown.say_goodbye()
        self._lifeline.stop()
        await cancel([heartbeat])
        # These block, now that nobody needs the loop.
        self._consumer.close()
        self._bell.close()
        await self._store.close()
        return 0 if end is End.ASKED else 1

    async def _until_end(self, parts: Sequence[asyncio.Task[None]]) -> End:
        asked = asyncio.create_task(self._asked.wait())
        stuck = asyncio.create_task(self._until_only_stuck_are_left())
        done, _ = await asyncio.wait({asked, stuck, *parts}, return_when=asyncio.FIRST_COMPLETED)
        await cancel([asked, stuck])
        for part in parts:
            if part in done:
                _log.critical("a part of the worker failed", exc_info=part.exception())
                return End.FAILED
        return End.ASKED if asked in done else End.STUCK

    async def _until_only_stuck_are_left(self) -> None:
        await self._is_stuck.wait()
        # Looks again now and then: another may have got stuck meanwhile.
        while not await self._shutdown.quiet(within=1.0, apart_from=frozenset(self._stuck)):
            pass
