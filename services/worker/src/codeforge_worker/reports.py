"""What one run has to tell, gathered between two calls of the store. Pure but for a lock: any thread may report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import structlog

from codeforge_common.events import log_line
from codeforge_common.handler.context import ReportSink
from codeforge_common.handler.output import OutputBuffer, fitting
from codeforge_common.handler.telling import lines_of, percent_of, stage_of, writable
from codeforge_common.secrets import Redactor
from codeforge_common.store import Report, Verdict

GAP_SECONDS = 0.1
"""Between two reports of one run: ten a second reach people (architecture: progress)."""

_log = structlog.get_logger(__name__)

_PREFIX_BYTES = len("[HH:MM:SS] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """What is kept of a job's log: gathering more would only be thrown away by the store."""

    lines: int
    bytes: int
    line_bytes: int


class RunReports(ReportSink):
    """Takes progress, log lines and output of one run and gives them away as numbered reports.

    ``output_room``: bytes that the job's output may still grow by; ``wake`` is called when there is something to send;
    ``heed`` is told what the store said of the run when it took a report; ``wall_clock`` gives seconds since 1970.
    """

    def __init__(
        self,
        *,
        job_id: str,
        token: int,
        limits: LogLimits,
        output_room: int,
        redactor: Redactor,
        wake: Callable[[RunReports], None],
        heed: Callable[[Verdict], None],
        wall_clock: Callable[[], float],
    ) -> None:
        self._job_id = job_id
        self._token = token
        self._limits = limits
        self.output_room = output_room
        self._redactor = redactor
        self._wake = wake
        self._wall_clock = wall_clock
        self.heed = heed
        self.due = 0.0
        """When the next report may be sent, on the worker's clock."""
        self._lock = Lock()
        self._number = 0
        self._unanswered: Report | None = None
        self._highest = 0
        self._progress: int | None = None
        self._stage: str | None = None
        self._shown_stage: str | None = None
        self._lines: list[str] = []
        self._bytes = 0
        self._output: OutputBuffer | None = None
        self._taken: asyncio.Event | None = None
        self._closed = False
        self._complained = False

    def progress(self, percent: float, stage: str | None) -> None:
        """Takes note; what isn't a number counts as no news, and less than before as the same as before."""
        reached = self._reached(percent)
        caption = None if stage is None else stage_of(stage, redactor=self._redactor)
        with self._lock:
            news = reached > self._highest or (caption is not None and caption != self._shown_stage)
            if self._closed or not news:
                return
            self._highest = self._progress = max(reached, self._highest)
            if caption is not None:
                self._stage = self._shown_stage = caption
        self._wake(self)

    def log(self, text: str) -> None:
        """Takes note of a line, or of each line of a text with several."""
        at = self._wall_clock()
        lines = [log_line(self._cut(line), at=at) for line in lines_of(text, redactor=self._redactor)]
        with self._lock:
            if self._closed:
                return
            for line in lines:
                self._append(line)
        self._wake(self)

    def output(self, text: str) -> None:
        """Takes note of a text for the end of the job's output; where there is no room for it, the log says so once."""
        with self._lock:
            if self._closed:
                return
            if self._output is None:
                self._output = OutputBuffer(room=self.output_room, redactor=self._redactor)
            if not self._output.write(writable(str(text))):
                self._append(log_line("The job's output is full, the rest is dropped", at=self._wall_clock()))
        self._wake(self)

    async def output_is_taken(self) -> None:
        """Returns when the store has the output so far, apart from an end that may be half of a secret."""
        while self._output is not None and self._has_more(self._output):
            self._taken = self._taken or asyncio.Event()
            self._taken.clear()
            self.due = 0.0
            self._wake(self)
            await self._taken.wait()

    def take(self, *, now: float) -> Report | None:
        """The report to send now: the unanswered one, else a new one of what has been gathered, else None."""
        with self._lock:
            if self._closed:
                return None
            if self._unanswered is None and self._gather():
                self._unanswered = self._next()
                self.due = now + GAP_SECONDS
            return self._unanswered

    def answered(self) -> None:
        """The report that :meth:`take` gave last was taken by the store, or refused for good."""
        with self._lock:
            self._unanswered = None
            more = self._gather()
        if self._taken is not None:
            self._taken.set()
        if more:
            self._wake(self)

    def close(self) -> Sequence[Report]:
        """Ends the gathering: what is unanswered or unsent, for the outcome of the run to carry."""
        with self._lock:
            self._closed = True
            self.heed = (
                _unheard  # the run's own leads back here: only the garbage collector could find that both are over
            )
            rest = [] if self._unanswered is None else [self._unanswered]
            while self._gather():
                rest.append(self._next())
            return rest

    def _reached(self, percent: object) -> int:
        number = percent_of(percent)
        if number is None and not self._complained:
            self._complained = True
            got = stage_of(percent, redactor=self._redactor) if isinstance(percent, str) else type(percent).__name__
            _log.warning("progress that is no number is ignored", job_id=self._job_id, got=got)
        return number or 0

    def _gather(self) -> bool:
        """Whether there is something to tell."""
        written = self._output is not None and self._output.settle(last=self._closed)
        return written or self._progress is not None or self._stage is not None or bool(self._lines)

    def _has_more(self, output: OutputBuffer) -> bool:
        with self._lock:
            on_its_way = self._unanswered is not None and bool(self._unanswered.output)
            return not self._closed and (on_its_way or output.settle(pausing=True))

    def _next(self) -> Report:
        self._number += 1
        report = Report(
            job_id=self._job_id,
            token=self._token,
            number=self._number,
            progress=self._progress,
            stage=self._stage,
            lines=tuple(self._lines),
            output="" if self._output is None else self._output.take(),
        )
        self._progress = self._stage = None
        self._lines.clear()
        self._bytes = 0
        return report

    def _append(self, line: str) -> None:
        if len(self._lines) == self._limits.lines:
            self._bytes -= len(self._lines.pop(0).encode())
        self._lines.append(line)
        self._bytes += len(line.encode())
        while self._bytes > self._limits.bytes and len(self._lines) > 1:
            self._bytes -= len(self._lines.pop(0).encode())

    def _cut(self, line: str) -> str:
        return fitting(line, self._limits.line_bytes - _PREFIX_BYTES)


def _unheard(verdict: Verdict) -> None:
    """The run has ended."""
