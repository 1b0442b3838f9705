"""One job of a run under test: what its handler holds in its hands, and what may happen to it on the way."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from codeforge_common.handler import BlockingContext, Cancelled, Fail, Handler, JobContext, Retry
from codeforge_common.handler.ending import OutcomeKind, Raised, Returned, Stop, ending_of, shown_reason
from codeforge_common.handler.result import encode_clean
from codeforge_common.secrets import Redactor
from codeforge_common.testing.job import Job
from codeforge_common.testing.keeping import NotedSteps, NotingKeeper
from codeforge_common.testing.moments import AfterTelling, Moment
from codeforge_common.testing.notes import OUTPUT_BYTES, Notes
from codeforge_common.testing.told import Told, after, value_of

RESULT_BYTES = 1024 * 1024
"""Of a result as JSON (``JOB_RESULT_MAX_BYTES``)."""

CRASH = Stop.FENCED
"""To the job, a worker that died and one whose lease went to another are the same: it has no say any more."""

_log = logging.getLogger(__name__)


class Attempt:
    """``plan``: when what is to happen to it. ``stop``: has the run end for a reason."""

    def __init__(
        self, job: Job, *, handler: Handler, scratch: Path, plan: Mapping[Stop, Moment], stop: Callable[[Stop], None]
    ) -> None:
        self.job = job
        self.stopped: Stop | None = None
        self.plan = dict(plan)
        """What hasn't happened yet."""
        self._handler = handler
        self._scratch = scratch
        self._stop = stop
        self._assignment = job.assigned(handler.type)
        self._redactor = Redactor(self._assignment.secrets.values())
        self._notes = Notes(redactor=self._redactor, room=OUTPUT_BYTES - len(job.output.encode()), heard=self._hear)
        kept = {name: json.dumps(result) for name, result in job.steps.items()}
        self._keeper = NotingKeeper(
            kept=kept,
            notes=self._notes,
            redactor=self._redactor,
            reached=self._pass,
            alive=self._alive,
            held=self._held,
            lost=lambda: self.stopped is not None and self.stopped.lost,
        )
        self._steps = NotedSteps(kept=kept, notes=self._notes, keeper=self._keeper)

    def context(self) -> JobContext | BlockingContext:
        """What its handler gets."""
        facts = self._assignment.facts()
        if self._handler.blocking:
            return BlockingContext(
                **facts,
                sink=self._notes,
                scratch=self._scratch,
                stop_asked=lambda: self.stopped is not None,
                steps=lambda: self._steps,
            )
        return JobContext(**facts, sink=self._notes, scratch=self._scratch, steps=lambda: self._steps)

    def reach(self, moment: Moment) -> None:
        """What is planned for this moment happens."""
        for reason in [reason for reason, planned in self.plan.items() if planned == moment]:
            del self.plan[reason]
            self._stop(reason)

    def lose(self) -> None:
        """The worker is gone: nothing that the handler does now is seen or kept."""
        self.stopped = CRASH
        self._notes.close(lost=True)

    def end(self, end: Returned | Raised, *, seconds: float) -> Told:
        """What has become of the job."""
        self._notes.close()
        encode = partial(encode_clean, redactor=self._redactor, max_bytes=RESULT_BYTES)
        ending = ending_of(end, stop=self.stopped, encode=encode)
        error = end.error if isinstance(end, Raised) else None
        if error is not None and self.stopped is None and not isinstance(error, Fail | Retry):
            _log.warning(self._redactor.text("".join(traceback.format_exception(error))))
        cancelled = self.stopped is Stop.CANCELLED
        status, job = after(ending, job=self.job, attempts_max=self._assignment.attempts_max, cancelled=cancelled)
        output = self.job.output + "".join(self._notes.outputs[: self._keeper.outputs])
        steps = {name: json.loads(text) for name, text in self._keeper.kept.items()}
        reason = None if ending is None or ending.kind is OutcomeKind.HANDED_BACK else ending.reason
        if ending is None and status.terminal:
            reason = f"poison: the worker was lost {job.crashes} times while it ran this job"
        return Told(
            status=status,
            result=value_of(None if ending is None else ending.result),
            failed_reason=None if reason is None or cancelled else shown_reason(reason, redactor=self._redactor),
            retry_after=None if ending is None else ending.after,
            steps=steps,
            events=tuple(self._notes.events),
            seconds=seconds,
            error=error,
            earlier_output=self.job.output,
            job=replace(job, steps=steps, output=output),
            handler=self._handler,
        )

    def _hear(self, text: str) -> None:
        self.reach(AfterTelling(text))

    async def _pass(self, moment: Moment) -> None:
        self.reach(moment)
        await self._alive()

    async def _alive(self) -> None:
        if self.stopped is None:
            return
        if self._handler.blocking:
            raise Cancelled
        await asyncio.sleep(0)  # in the run's own task its cancel arrives here, unless others of a batch go on
        if self.stopped.lost:
            raise asyncio.CancelledError

    async def _held(self) -> None:
        await self._alive()
        if self.stopped is Stop.CANCELLED:
            raise Cancelled
