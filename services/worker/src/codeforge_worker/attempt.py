"""One attempt at one job, alone or with others of a batch: from its lease to its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from opentelemetry.trace import Span, Status, StatusCode

from codeforge_common.handler import Fail, Handler, JobContext, Retry
from codeforge_common.handler.ending import Raised, Returned, Stop, ending_of
from codeforge_common.handler.result import encode_clean
from codeforge_common.handler.steps import GRACE_SECONDS, Steps
from codeforge_common.job import RetryReason
from codeforge_common.secrets import Redactor
from codeforge_common.store import Outcome, OutcomeKind, Run, Verdict
from codeforge_worker import clock
from codeforge_worker.blocking import BlockingRun
from codeforge_worker.lease import END, STOPS, Lease
from codeforge_worker.private_steps import open_steps, seal
from codeforge_worker.reports import RunReports
from codeforge_worker.rules import Rules, Tools
from codeforge_worker.settling import outcome_of
from codeforge_worker.step_keeper import StepKeeper

REMARKABLE_SECONDS = 1.0
"""A completed attempt that took less is logged at ``debug`` only."""

_log = structlog.get_logger(__name__)
_debugging = partial(logging.getLogger(__name__).isEnabledFor, logging.DEBUG)
"""Asked first: structlog makes a logger of its own each time, only to find that nobody wants the line."""


class Attempt(Lease):
    """What belongs to one job of a run, its lease first of all.

    What it holds of the job's secrets is redacted everywhere until it has ended.
    """

    def __init__(
        self,
        run: Run,
        *,
        handler: Handler,
        since: float,
        slots: int,
        loop: asyncio.AbstractEventLoop,
        tools: Tools,
        rules: Rules,
        wake: Callable[[RunReports], None],
        stop: Callable[[Attempt, Stop], None],
    ) -> None:
        """``since``: first send of the claim. ``stop``: asks the run to end, on the event loop."""
        wall_time = handler.type.wall_time_seconds
        super().__init__(
            job_id=run.job_id,
            token=run.token,
            seconds=run.lease_ms / 1000,
            since=since,
            pausable=handler.blocking,
            wall_end=None if wall_time is None else clock.now() + wall_time,
            slots=slots,
        )
        self.run = run
        self.outcome: Outcome | None = None
        """What to tell the store; None when the run had lost the job."""
        self.retry: RetryReason | None = None
        """Why there should be another attempt, if there should."""
        self.stopped: Stop | None = None
        """Why it was told to end, if it was."""
        self.took = 0.0
        """Seconds from its beginning to its end."""
        self.unfit: Raised | None = None
        """Why it can't be given to its handler, if it can't."""
        self._handler = handler
        self._tools = tools
        self._rules = rules
        self._stop = stop
        self._loop = loop
        self._reports = RunReports(
            job_id=run.job_id,
            token=run.token,
            limits=rules.log,
            output_room=rules.output_bytes - run.output_bytes,
            redactor=tools.redactor,
            wake=wake,
            heed=self._heed,
            wall_clock=time.time,
        )
        self._begun = 0.0
        self._secrets: Mapping[str, str] = {}
        self._finished: Mapping[str, str] = {}
        self._steps: Steps | None = None
        self._span: Span | None = None
        self._in_span: AbstractContextManager[Span] | None = None
        self._holding: AbstractContextManager[None] | None = None
        self._child: BlockingRun | None = None
        self._allowed_until: float | None = None

    # What the keepers of leases ask for, from whatever thread. ────────────────────────────────────────────────────────

    def stop(self, reason: Stop) -> None:
        """Asks the run to end; the first reason counts. A run that has lost its job is ended by force if it can be."""
        if reason.lost:
            self._end_child()
        self._loop.call_soon_threadsafe(self._stop, self, reason)

    def allow_until(self, moment: float) -> None:
        """Tells a child's guard until when it may run."""
        if self._child is not None and self._allowed_until != moment:
            self._allowed_until = moment
            self._child.process.allow_until(moment)

    def kill(self, *, timeout: float) -> bool:
        """Ends a child by force; blocks. Whether nothing of it is left."""
        return self._child is None or self._child.process.kill_and_wait(timeout=timeout)

    # On the event loop, in the run's task. ───────────────────────────────────────────────────────────────────────────

    def begin(self, *, ring: str | None) -> None:
        """The handler is called next. ``ring``: the traceparent of the ring that woke the worker."""
        run = self.run
        self._begun = clock.now()
        self._in_span = self._tools.tracing.process(
            run.type, job_id=run.job_id, attempt=run.attempt, parent=run.traceparent, ring=ring
        )
        self._span = self._in_span.__enter__()
        structlog.contextvars.bind_contextvars(job_id=run.job_id, attempt=run.attempt)
        if _debugging():
            _log.debug("attempt started", type=run.type, waited_seconds=run.waited_ms / 1000)
        if "userMessage" not in run.data:
            self.unfit = Raised(Fail("data_unreadable", "What the store holds of the job's data can't be read."))
        elif run.sealed is not None:
            try:
                self._open(run.sealed)
            except Exception as error:
                self.unfit = Raised(error)

    async def recall(self) -> None:
        """Gets at what earlier runs have finished. What can't be opened any more is forgotten, and finished anew."""
        opened = open_steps(self.run, keyring=self._tools.keyring)
        self._finished = opened.steps
        if opened.lost is not None:
            self._reports.output_room = self._rules.output_bytes - await self._keeper().forget(opened.lost)

    def context(self) -> JobContext:
        """What an async handler gets."""
        run, data = self.run, self.run.data
        return JobContext(
            job_id=run.job_id,
            type=run.type,
            user_id=run.user_id,
            session_id=run.session_id,
            user_message=data["userMessage"],
            agent_type=data.get("agentType"),
            context=data.get("context") or {},
            secrets=self._secrets,
            attempt=run.attempt,
            attempts_max=run.attempts_max,
            created_at=datetime.fromtimestamp(run.created_at / 1000, UTC),
            sink=self._reports,
            scratch=self._tools.scratch,
            steps=self._known_steps,
        )

    async def in_child(self) -> Any:
        """What a blocking handler returned in a child of its own; raises what it raised."""
        self._child = BlockingRun(
            handler=self._handler.address,
            assignment=self.context(),
            sink=self._reports,
            finished=self._finished,
            keeper=self._keeper,
            redactor=self._tools.redactor,
            scratch=self._tools.scratch,
            limits=self._tools.child_limits,
            until=self.pause_at,
        )
        return await self._child.result()

    def end(self, end: Returned | Raised) -> None:
        """No code of the run can go on: makes the outcome, and forgets the secrets."""
        error = end.error if isinstance(end, Raised) else None
        if self._span is not None:
            self.took = clock.now() - self._begun
        reports = self._reports.close()
        try:
            if ending := ending_of(end, stop=self.stopped, encode=self._encode):
                self.outcome = outcome_of(self.run, ending, reports, redactor=self._tools.redactor, rules=self._rules)
                self.retry = ending.retry
            self._tell(error)
        finally:
            self._leave_span(error)
            if self._holding is not None:
                self._holding.__exit__(None, None, None)
            # The run leads back here: only the garbage collector could find that both are over.
            self._stop = _nothing_to_stop

    def _leave_span(self, error: BaseException | None) -> None:
        if self._span is None or self._in_span is None:
            return
        if self.outcome is not None and self.outcome.kind in (OutcomeKind.FAILED, OutcomeKind.RETRY):
            # By itself it only shows an Exception: no cancel after the wall time, and nothing that was returned.
            self._span.set_status(Status(StatusCode.ERROR, self.outcome.reason))
        with suppress(BaseException):  # the error's own ``str`` may raise; the span has ended all the same
            self._in_span.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)

    def _open(self, sealed: bytes) -> None:
        """Raises SecretUnreadable."""
        self._secrets = self._tools.keyring.open(sealed, job_id=self.job_id, user_id=self.run.user_id)
        self._holding = self._tools.redactor.holding(self._secrets.values())
        self._holding.__enter__()

    def _known_steps(self) -> Steps:
        if self._steps is None:
            self._steps = Steps(finished=self._finished, keeper=self._keeper(), most=self._rules.steps.number)
        return self._steps

    def _keeper(self) -> StepKeeper:
        return StepKeeper(
            self.run,
            calls=self._tools.calls,
            limits=self._rules.steps,
            finished=self._finished,
            seal=lambda name, text: seal(text, run=self.run, name=name, keyring=self._tools.keyring),
            redactor=self._tools.redactor,
            own=Redactor(self._secrets.values()),
            said=self._reports.output_is_taken,
            heed=self._heed,
            grace=self._grace,
        )

    def _grace(self) -> float:
        """None for a run that has lost its job; for others little, as the process may have to end in time.

        Only a user's cancel leaves more: the lease is renewed meanwhile. The handler needs the rest to tidy up.
        """
        if self.stopped is not None and self.stopped.lost:
            return 0.0
        left = (END - self.used(clock.now())) * self.seconds
        own = self._rules.cancel_seconds * 0.4
        most = own if self.stopped is Stop.CANCELLED else min(own, GRACE_SECONDS)
        return max(min(most, left / 2), 0.0)

    @property
    def _completed(self) -> bool:
        return self.outcome is not None and self.outcome.kind is OutcomeKind.COMPLETED

    @property
    def became(self) -> OutcomeKind | None:
        """The outcome as it will turn out: the store fails a job that has no attempt left."""
        kind = self.outcome and self.outcome.kind
        return OutcomeKind.FAILED if kind is OutcomeKind.RETRY and self.run.attempt >= self.run.attempts_max else kind

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.process.kill()

    def _heed(self, verdict: Verdict) -> None:
        if (reason := STOPS.get(verdict)) and not self.ended:
            if reason.lost:
                self._end_child()
            self._stop(self, reason)

    def _encode(self, result: Any) -> str:
        return encode_clean(result, redactor=self._tools.redactor, max_bytes=self._rules.result_bytes)

    def _tell(self, error: BaseException | None) -> None:
        unforeseen = error is not None and self.stopped is None and not isinstance(error, Fail | Retry)
        # What goes well and fast stands in the metrics and on the record; a line for each would drown all others.
        unremarkable = self.took < REMARKABLE_SECONDS and self._completed
        if unremarkable and not unforeseen and not _debugging():
            return
        log = _log.warning if unforeseen else _log.debug if unremarkable else _log.info
        log(
            "attempt ended",
            job_id=self.run.job_id,
            attempt=self.run.attempt,
            type=self.run.type,
            outcome=self.became.value if self.became else f"none: {self.stopped}",
            stop=self.stopped and self.stopped.value,
            reason=self.outcome and self.outcome.reason,
            seconds=round(self.took, 3),
            exc_info=error if unforeseen else None,
        )


def _nothing_to_stop(attempt: Attempt, reason: Stop) -> None:
    """The run has ended."""
