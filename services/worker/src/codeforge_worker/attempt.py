"""The handler's code at work: on the event loop, or in a child."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.store import Run
from codeforge_common.telemetry.tracing import Tracing, trace_id
from codeforge_worker.blocking import BlockingRun, ChildLimits
from codeforge_worker.context import Assignment, JobContext, ReportSink
from codeforge_worker.lease import Lease
from codeforge_worker.registry import Handler

_log = structlog.get_logger(__name__)


class HandlerExited(Exception):
    """Raised when a handler called ``sys.exit``: that ends the attempt, not the worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every attempt needs. ``scratch``: the worker's folder for workspaces."""

    keyring: KeyRing
    redactor: Redactor
    tracing: Tracing
    scratch: Path
    child_limits: ChildLimits


class Attempt:
    """One attempt at one job. What it holds of the job's secrets is redacted everywhere until it is closed."""

    def __init__(
        self, run: Run, *, lease: Lease, handler: Handler, sink: ReportSink, tools: Tools, ring: str | None
    ) -> None:
        """``ring``: the traceparent of the ring that woke the worker."""
        self._run = run
        self._lease = lease
        self._handler = handler
        self._sink = sink
        self._tools = tools
        self._ring = ring
        self._holding = ExitStack()
        self._child: BlockingRun | None = None
        self._allowed_until: float | None = None

    async def result(self) -> Any:
        """What the handler returned; raises what it raised."""
        run = self._run
        with self._tools.tracing.process(
            run.type, job_id=run.job_id, attempt=run.attempt, parent=run.traceparent, ring=self._ring
        ):
            structlog.contextvars.bind_contextvars(job_id=run.job_id, attempt=run.attempt, trace_id=trace_id())
            _log.info("attempt started", type=run.type, waited_seconds=run.waited_ms / 1000)
            assignment = self._assignment()
            try:
                if self._handler.blocking:
                    return await self._in_child(assignment)
                return await self._handler.function(
                    JobContext(**assignment.facts(), sink=self._sink, scratch=self._tools.scratch)
                )
            except (SystemExit, KeyboardInterrupt) as error:
                raise HandlerExited("The handler asked the process to exit.") from error

    def allow_until(self, moment: float) -> None:
        """Lets a child run until ``moment``. Any thread may call this, repeatedly."""
        if self._child is not None and self._allowed_until != moment:
            self._allowed_until = moment
            self._child.process.allow_until(moment)

    def kill(self) -> None:
        """Ends a child by force. Any thread may call this, repeatedly."""
        if self._child is not None:
            self._child.process.kill()

    def kill_and_wait(self, *, timeout: float) -> bool:
        """Ends a child, if there is one, by force and blocks until it is reaped. Whether it is."""
        return self._child is None or self._child.process.kill_and_wait(timeout=timeout)

    def close(self) -> None:
        """Forgets the secrets."""
        self._holding.close()

    async def _in_child(self, assignment: Assignment) -> Any:
        self._child = BlockingRun(
            handler=self._handler.address,
            assignment=assignment,
            sink=self._sink,
            scratch=self._tools.scratch,
            limits=self._tools.child_limits,
            until=self._lease.pause_at,
        )
        return await self._child.result()

    def _assignment(self) -> Assignment:
        run, data = self._run, self._run.data
        secrets: dict[str, str] = {}
        if run.sealed is not None:
            secrets = self._tools.keyring.open(run.sealed, job_id=run.job_id, user_id=run.user_id)
            self._holding.enter_context(self._tools.redactor.holding(secrets.values()))
        return Assignment(
            job_id=run.job_id,
            type=run.type,
            user_id=run.user_id,
            session_id=run.session_id,
            user_message=data["userMessage"],
            agent_type=data.get("agentType"),
            context=data.get("context") or {},
            secrets=secrets,
            attempt=run.attempt,
            attempts_max=run.attempts_max,
            created_at=datetime.fromtimestamp(run.created_at / 1000, UTC),
        )
