"""What one run has to tell, gathered between two calls of the store. Pure but for a lock: any thread may report."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from codeforge_common.events import log_line
from codeforge_common.store import Report, Verdict
from codeforge_worker.context import ReportSink

GAP_SECONDS = 0.1
"""Between two reports of one run: ten a second reach people (architecture: progress)."""

STAGE_LENGTH = 200
"""Characters of a stage; it is a caption, not a text."""

_PREFIX_BYTES = len("[HH:MM:SS] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """What is kept of a job's log: gathering more would only be thrown away by the store."""

    lines: int
    bytes: int
    line_bytes: int


class RunReports(ReportSink):
    """Takes progress and log lines of one run and gives them away as numbered reports.

    ``redact`` takes secrets out of a text; ``wake`` is called when there is something to send; ``heed`` is told what
    the store said of the run when it took a report; ``wall_clock`` gives seconds since 1970.
    """

    def __init__(
        self,
        *,
        job_id: str,
        token: int,
        limits: LogLimits,
        redact: Callable[[str], str],
        wake: Callable[[RunReports], None],
        heed: Callable[[Verdict], None],
        wall_clock: Callable[[], float],
    ) -> None:
        self._job_id = job_id
        self._token = token
        self._limits = limits
        self._redact = redact
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
        self._lines: deque[str] = deque(maxlen=limits.lines)
        self._bytes = 0
        self._closed = False

    def progress(self, percent: float, stage: str | None) -> None:
        """Takes note; what isn't a number counts as no news, and less than before as the same as before."""
        reached = 0 if math.isnan(percent) else int(min(max(percent, 0), 100))
        caption = None if stage is None else self._clean(stage)[:STAGE_LENGTH]
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
        lines = [log_line(self._cut(line), at=at) for line in self._clean(text).splitlines() or [""]]
        with self._lock:
            if self._closed:
                return
            for line in lines:
                self._append(line)
        self._wake(self)

    def take(self, *, now: float) -> Report | None:
        """The report to send now: the unanswered one, else a new one of what has been gathered, else None."""
        with self._lock:
            if self._closed:
                return None
            if self._unanswered is None and self._gathered:
                self._unanswered = self._next()
                self.due = now + GAP_SECONDS
            return self._unanswered

    def answered(self) -> None:
        """The report that :meth:`take` gave last was taken by the store, or refused for good."""
        with self._lock:
            self._unanswered = None

    def close(self) -> Sequence[Report]:
        """Ends the gathering: what is unanswered or unsent, for the outcome of the run to carry."""
        with self._lock:
            self._closed = True
            rest = [] if self._unanswered is None else [self._unanswered]
            if self._gathered:
                rest.append(self._next())
            return rest

    @property
    def _gathered(self) -> bool:
        return self._progress is not None or self._stage is not None or bool(self._lines)

    def _next(self) -> Report:
        self._number += 1
        report = Report(
            job_id=self._job_id,
            token=self._token,
            number=self._number,
            progress=self._progress,
            stage=self._stage,
            lines=tuple(self._lines),
        )
        self._progress = self._stage = None
        self._lines.clear()
        self._bytes = 0
        return report

    def _append(self, line: str) -> None:
        if len(self._lines) == self._limits.lines:
            self._bytes -= len(self._lines.popleft().encode())
        self._lines.append(line)
        self._bytes += len(line.encode())
        while self._bytes > self._limits.bytes and len(self._lines) > 1:
            self._bytes -= len(self._lines.popleft().encode())

    def _clean(self, text: str) -> str:
        # A lone surrogate can't be written as UTF-8; a handler reading file names gets at one easily.
        return self._redact(str(text)).encode("utf-8", "replace").decode()

    def _cut(self, line: str) -> str:
        room = self._limits.line_bytes - _PREFIX_BYTES
        return line if len(line) * 4 <= room else line.encode()[:room].decode("utf-8", "ignore")
