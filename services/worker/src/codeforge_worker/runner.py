"""One run of a handler, on one of the worker's slots: for one job, or for a batch of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import structlog

from codeforge_common.handler import Handler
from codeforge_common.handler.batch import ends_of, is_refusal
from codeforge_common.handler.ending import Raised, Returned, Stop
from codeforge_common.handler.outcome import HandlerExited
from codeforge_common.store import Run
from codeforge_worker.attempt import Attempt
from codeforge_worker.owners import TaskOwners
from codeforge_worker.reports import RunReports
from codeforge_worker.rules import Rules, Tools

_log = structlog.get_logger(__name__)


class Execution:
    """Runs a handler and has each of its attempts end.

    ``ended`` is called once, on the event loop, when no code of the run can go on and the outcomes stand; ``stuck``
    when an async handler ignores a cancel for ``cancel_seconds``.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        *,
        handler: Handler,
        since: float,
        ring: str | None,
        tools: Tools,
        rules: Rules,
        owners: TaskOwners,
        wake: Callable[[RunReports], None],
        ended: Callable[[Execution], None],
        stuck: Callable[[Execution], None],
    ) -> None:
        """``since``: first send of the claim. ``ring``: traceparent of the ring that led to it."""
        self.type = handler.name
        self.attempts = [
            Attempt(
                run,
                handler=handler,
                since=since,
                slots=0 if place else 1,
                loop=owners.loop,
                tools=tools,
                rules=rules,
                wake=wake,
                stop=self._begin_stop,
            )
            for place, run in enumerate(runs)
        ]
        self._handler = handler
        self._function: Callable[..., Awaitable[Any]] = handler.function
        self._ring = ring
        self._rules = rules
        self._brood = owners.brood(self.attempts)
        self._ended_callback = ended
        self._stuck_callback = stuck
        self._loop = owners.loop
        self._task: asyncio.Task[Any] | None = None
        self._stopping = False

    def begin(self) -> None:
        """Starts the handler."""
        self._task = self._brood.start(self._run(), name=self._handler.name, ended=self._end)

    def _begin_stop(self, attempt: Attempt, reason: Stop) -> None:
        """Ends the run for ``reason``; a batch goes on while only some of its jobs are cancelled."""
        if self._task is None or self._task.done():
            return
        if attempt.stopped is None or (reason.lost and not self._stopping):
            attempt.stopped = reason
        others_go_on = reason is Stop.CANCELLED and any(each.stopped is None for each in self._fit())
        if self._stopping or others_go_on:
            return
        self._stopping = True
        for each in self._fit():
            each.stopped = each.stopped or (Stop.BATCH if reason.lost else reason)
        self._task.cancel()
        if not self._handler.blocking:
            # Once more, because a cancel can get lost on its way (see cancelling.py).
            self._loop.call_later(self._rules.cancel_seconds / 2, self._task.cancel)
            self._loop.call_later(self._rules.cancel_seconds, self._look)

    def _look(self) -> None:
        if self._task is not None and not self._task.done():
            self._stuck_callback(self)

    async def _run(self) -> Any:
        try:
            # The first one last: what the handler traces stands below the span that was begun last.
            for attempt in reversed(self.attempts):
                attempt.begin(ring=self._ring)
            fit = self._fit()
            for attempt in fit:
                if attempt.run.steps:
                    await attempt.recall()
            return await self._call(fit) if fit else None
        except (SystemExit, KeyboardInterrupt) as error:
            raise HandlerExited from error
        finally:
            await self._brood.end()

    def _call(self, attempts: Sequence[Attempt]) -> Awaitable[Any]:
        if self._handler.batched:
            structlog.contextvars.unbind_contextvars("job_id", "attempt")
            structlog.contextvars.bind_contextvars(job_ids=[attempt.job_id for attempt in attempts])
            return self._function([attempt.context() for attempt in attempts])
        (attempt,) = attempts
        return attempt.in_child() if self._handler.blocking else self._function(attempt.context())

    def _end(self, task: asyncio.Task[Any]) -> None:
        """Nothing may keep an attempt from its end, or the slot from being free: the job would be renewed for ever."""
        ends = self._ends(_end_of(task))
        wrong: dict[str, BaseException] = {}
        for attempt in self.attempts:
            try:
                attempt.end(attempt.unfit or next(ends))
            except BaseException as error:
                wrong[attempt.job_id] = error
        self._task = None
        self._ended_callback(self)
        for job_id, cause in wrong.items():
            _log.error("an attempt's end went wrong", job_id=job_id, exc_info=cause)

    def _ends(self, end: Returned | Raised) -> Iterator[Returned | Raised]:
        """The end of each attempt that the handler got."""
        if not self._handler.batched:
            return iter([end])
        fit = self._fit()
        try:
            if isinstance(end, Raised) and is_refusal(end.error):
                # One was cancelled alone, and the handler let that end the call: no fault of the others.
                for attempt in fit:
                    attempt.stopped = attempt.stopped or Stop.BATCH
            return iter(ends_of(end, jobs=len(fit)))
        except BaseException as error:  # what it raised or returned raises itself when it is looked at
            return repeat(Raised(error))

    def _fit(self) -> Sequence[Attempt]:
        return [attempt for attempt in self.attempts if attempt.unfit is None]


def _end_of(task: asyncio.Task[Any]) -> Returned | Raised:
    if task.cancelled():
        return Raised(asyncio.CancelledError())
    error = task.exception()
    return Returned(task.result()) if error is None else Raised(error)
