"""Calls a handler with its contexts and sees it to its end: on a loop of the kit's, or as a plain function."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from codeforge_common.handler import Handler
from codeforge_common.handler.batch import ends_of, is_refusal
from codeforge_common.handler.ending import Raised, Returned, Stop
from codeforge_common.handler.outcome import HandlerExited
from codeforge_common.testing.attempt import Attempt
from codeforge_common.testing.clock import ClockLoop
from codeforge_common.testing.job import Job
from codeforge_common.testing.moments import AfterSeconds, Moment
from codeforge_common.testing.told import Told

CANCEL_SECONDS = 10.0
"""What a handler that is told to stop has to end by itself (``WORKER_CANCEL_SECONDS``)."""


class IgnoredCancel(AssertionError):
    """Raised when a handler was told to stop and didn't: its worker would take no more jobs, and end."""


class Running:
    """One call of a handler. ``plans``: for each job, when what is to happen to it."""

    def __init__(
        self, handler: Handler, jobs: Sequence[Job], *, plans: Sequence[Mapping[Stop, Moment]], scratch: Path
    ) -> None:
        self._handler = handler
        self._attempts = [
            Attempt(job, handler=handler, scratch=scratch, plan=plan, stop=partial(self._stop, place))
            for place, (job, plan) in enumerate(zip(jobs, plans, strict=True))
        ]
        self._loop: ClockLoop | None = None
        self._overdue = asyncio.Event()
        self._stopping = False

    def told(self) -> Sequence[Told]:
        """Runs it; what has become of each job."""
        end, seconds = self._plainly() if self._handler.blocking else self._on_a_loop()
        told = [
            attempt.end(each, seconds=seconds) for attempt, each in zip(self._attempts, self._ends(end), strict=True)
        ]
        if missed := list(chain.from_iterable(attempt.plan.values() for attempt in self._attempts)):
            raise AssertionError(f"The run ended before {', '.join(map(repr, missed))}: {told}")
        return told

    def _ends(self, end: Returned | Raised) -> Sequence[Returned | Raised]:
        if not self._handler.batched:
            return [end]
        if isinstance(end, Raised) and is_refusal(end.error):
            for attempt in self._attempts:
                attempt.stopped = attempt.stopped or Stop.BATCH
        return ends_of(end, jobs=len(self._attempts))

    def _plainly(self) -> tuple[Returned | Raised, float]:
        (attempt,) = self._attempts
        if any(isinstance(moment, AfterSeconds) for moment in attempt.plan.values()):
            raise ValueError("A blocking handler has no clock that could be moved: name another moment.")
        try:
            return Returned(self._handler.function(attempt.context())), 0.0
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Raised(error), 0.0

    def _on_a_loop(self) -> tuple[Returned | Raised, float]:
        self._loop = loop = ClockLoop()
        try:
            end = loop.run_until_complete(self._to_the_end(loop))
            seconds = loop.time()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            return end, seconds
        finally:
            loop.close()

    async def _to_the_end(self, loop: ClockLoop) -> Returned | Raised:
        loop.main = task = asyncio.create_task(self._call(), name=self._handler.name)
        wall_time = self._handler.type.wall_time_seconds
        limits = [] if wall_time is None else [loop.call_later(wall_time, self._stop, 0, Stop.WALL_TIME)]
        planned = [
            loop.call_later(moment.seconds, attempt.reach, moment)
            for attempt in self._attempts
            for moment in attempt.plan.values()
            if isinstance(moment, AfterSeconds)
        ]
        overdue = asyncio.create_task(self._overdue.wait())
        await asyncio.wait({task, overdue}, return_when=asyncio.FIRST_COMPLETED)
        for timer in [*limits, *planned]:
            timer.cancel()
        ignored = not task.done()
        # What the handler leaves behind is code of the run, too.
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            for each in left:
                each.cancel()
            await asyncio.wait(left, timeout=CANCEL_SECONDS)
            ignored = ignored or not any(each.done() for each in left)
            if ignored:
                raise IgnoredCancel(f"{self._handler.name} was told to stop, and goes on.")
        if task.cancelled():
            return Raised(asyncio.CancelledError())
        error = task.exception()
        return Returned(task.result()) if error is None else Raised(error)

    async def _call(self) -> Any:
        contexts = [attempt.context() for attempt in self._attempts]
        try:
            return await self._handler.function(contexts if self._handler.batched else contexts[0])
        except SystemExit as error:
            raise HandlerExited from error

    def _stop(self, place: int, reason: Stop) -> None:
        """As a worker does it: a batch goes on while only some of its jobs are cancelled."""
        attempt = self._attempts[place]
        attempt.stopped = attempt.stopped or reason
        others_go_on = reason is Stop.CANCELLED and any(each.stopped is None for each in self._attempts)
        if self._stopping or others_go_on:
            return
        self._stopping = True
        for each in self._attempts:
            each.stopped = each.stopped or reason
            if reason.lost:
                each.lose()
        if self._loop is not None and self._loop.main is not None:
            self._loop.main.cancel()
            self._loop.call_later(CANCEL_SECONDS / 2, self._loop.main.cancel)
            self._loop.call_later(CANCEL_SECONDS, self._overdue.set)
