"""One run of one job, from its claim to its outcome."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from codeforge_common.store import Outcome, OutcomeKind, Report, Run, Verdict
from codeforge_common.telemetry.metrics import RetryReason
from codeforge_worker import clock
from codeforge_worker.attempt import Attempt, Tools
from codeforge_worker.ending import Ending, Raised, Returned, ending_of
from codeforge_worker.lease import STOPS, Lease, Stop
from codeforge_worker.outcome import Fail, Retry
from codeforge_worker.owners import TaskOwners
from codeforge_worker.registry import Handler
from codeforge_worker.reports import LogLimits, RunReports
from codeforge_worker.result import abridge, dumps, encode
from codeforge_worker.retry import backoff

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a run keeps to. ``cancel_seconds``: what a cancelled handler has to end by itself."""

    backoff_first: float
    backoff_longest: float
    result_bytes: int
    cancel_seconds: float
    log: LogLimits


class Execution:
    """Runs one claimed job and keeps its outcome; the :class:`~codeforge_worker.lease.Holder` behind its lease.

    ``ended`` is called once, on the event loop, when no code of the run can go on and :attr:`outcome` stands;
    ``stuck`` when an async handler ignores a cancel for ``cancel_seconds``.
    """

    def __init__(
        self,
        run: Run,
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
        wall_time = handler.type.wall_time_seconds
        self.run = run
        self.outcome: Outcome | None = None
        """What to tell the store; None when the run had lost the job."""
        self.retry: RetryReason | None = None
        """Why there should be another attempt, if there should."""
        self.stopped: Stop | None = None
        """Why it was told to end, if it was."""
        self.seconds = 0.0
        """How long the attempt took."""
        self.lease = Lease(
            job_id=run.job_id,
            token=run.token,
            seconds=run.lease_ms / 1000,
            since=since,
            holder=self,
            pausable=handler.blocking,
            wall_end=None if wall_time is None else clock.now() + wall_time,
        )
        self._rules = rules
        self._redactor = tools.redactor
        self._reports = RunReports(
            job_id=run.job_id,
            token=run.token,
            limits=rules.log,
            redact=tools.redactor.text,
            wake=wake,
            heed=self._heed,
            wall_clock=time.time,
        )
        self._brood = owners.brood(self.lease)
        self._attempt = Attempt(run, lease=self.lease, handler=handler, sink=self._reports, tools=tools, ring=ring)
        self._blocking = handler.blocking
        self._ended_callback = ended
        self._stuck_callback = stuck
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._begun = 0.0

    def begin(self) -> None:
        """Starts the handler."""
        context = self._brood.context()
        self._begun = clock.now()
        self._task = self._loop.create_task(self._attempt_and_end(), name=self.run.job_id, context=context)
        self._task.add_done_callback(self._end, context=context)

    # What the lease's keepers ask for, from whatever thread. ─────────────────────────────────────────────────────────

    def stop(self, reason: Stop) -> None:
        """Asks the run to end; the first reason counts. A run that has lost its job is ended by force if it can be."""
        if reason.lost:
            self._attempt.kill()
        self._loop.call_soon_threadsafe(self._begin_stop, reason)

    def allow_until(self, moment: float) -> None:
        """Tells a child's guard until when it may run."""
        self._attempt.allow_until(moment)

    def kill(self, *, timeout: float) -> bool:
        """Ends a child by force; blocks. Whether nothing of it is left."""
        return self._attempt.kill_and_wait(timeout=timeout)

    # On the event loop. ──────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_stop(self, reason: Stop) -> None:
        if self._task is None or self._task.done() or self.stopped is not None:
            return
        self.stopped = reason
        self._task.cancel()
        if not self._blocking:
            # Once more, because a cancel can get lost on its way (see cancelling.py).
            self._loop.call_later(self._rules.cancel_seconds / 2, self._task.cancel)
            self._loop.call_later(self._rules.cancel_seconds, self._look)

    def _look(self) -> None:
        if self._task is not None and not self._task.done():
            self._stuck_callback(self)

    def _heed(self, verdict: Verdict) -> None:
        if (reason := STOPS.get(verdict)) and not self.lease.ended:
            self.stop(reason)

    async def _attempt_and_end(self) -> Any:
        try:
            return await self._attempt.result()
        finally:
            await self._brood.end()

    def _end(self, task: asyncio.Task[Any]) -> None:
        self.seconds = clock.now() - self._begun
        end = _end_of(task)
        reports = self._reports.close()
        if ending := ending_of(end, stop=self.stopped, encode=self._encode):
            self.outcome = self._outcome(ending, reports)
            self.retry = ending.retry
        self._tell(end)
        self._attempt.close()
        self._ended_callback(self)

    def _tell(self, end: Returned | Raised) -> None:
        unforeseen = isinstance(end, Raised) and self.stopped is None and not isinstance(end.error, Fail | Retry)
        log = _log.warning if unforeseen else _log.info
        log(
            "attempt ended",
            type=self.run.type,
            outcome=self.outcome.kind.value if self.outcome else f"none: {self.stopped}",
            stop=self.stopped and self.stopped.value,
            reason=self.outcome and self.outcome.reason,
            seconds=round(self.seconds, 3),
            exc_info=end.error if unforeseen and isinstance(end, Raised) else None,
        )

    def _encode(self, result: Any) -> str:
        text = encode(result, max_bytes=self._rules.result_bytes)
        if self._redactor.text(text) == text:
            return text
        # Not the text itself: a secret such as 12345 may stand in it as a number.
        return dumps(self._redactor.clean(json.loads(text)))

    def _outcome(self, ending: Ending, reports: Sequence[Report]) -> Outcome:
        return Outcome(
            job_id=self.run.job_id,
            token=self.run.token,
            kind=ending.kind,
            result=ending.result,
            abridged=None if ending.result is None else abridge(ending.result),
            reason=None if ending.reason is None else self._redactor.text(ending.reason),
            delay_ms=self._delay_ms(ending),
            reports=reports,
        )

    def _delay_ms(self, ending: Ending) -> int:
        if ending.kind is not OutcomeKind.RETRY:
            return 0
        after = ending.after
        if after is None:
            rules = self._rules
            after = backoff(self.run.attempt, first=rules.backoff_first, longest=rules.backoff_longest)
        return round(after * 1000)


def _end_of(task: asyncio.Task[Any]) -> Returned | Raised:
    if task.cancelled():
        return Raised(asyncio.CancelledError())
    error = task.exception()
    return Returned(task.result()) if error is None else Raised(error)
