"""Somebody who writes down what a handler tells, as people would get to see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from codeforge_common.handler.context import ReportSink
from codeforge_common.handler.output import OutputBuffer, fitting
from codeforge_common.handler.telling import lines_of, percent_of, stage_of, writable
from codeforge_common.secrets import Redactor

LINE_BYTES = 4096 - len("[HH:MM:SS] ")
"""Kept of a line (``JOB_LOG_LINE_MAX_BYTES``), which gets its time in front."""

OUTPUT_BYTES = 1024 * 1024
"""Of a job's output (``JOB_OUTPUT_MAX_BYTES``)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The job is ``percent`` done (0..100), and in this ``stage``."""

    percent: int
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the job's log, without its time."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """A text at the end of the job's output."""

    text: str


@dataclass(frozen=True, slots=True)
class StepKept:
    """The step or effect ``name`` has ended, and its result is kept."""

    name: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class EffectFound:
    """What the effect ``name`` would have made is there already, by an earlier run."""

    name: str


@dataclass(frozen=True, slots=True)
class EffectMade:
    """The effect ``name`` wasn't there, and was made."""

    name: str


Event: TypeAlias = Progress | Line | Output | StepKept | EffectFound | EffectMade


class Notes(ReportSink):
    """``events``: all that was told, in order; progress only when there was news, though more often than ten a second.

    ``redactor``: takes secrets out. ``room``: bytes for the output. ``heard`` gets each line and stage.
    """

    def __init__(
        self,
        *,
        redactor: Redactor | None = None,
        room: int = OUTPUT_BYTES,
        heard: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.events: list[Event] = []
        self._redactor = redactor or Redactor()
        self._buffer = OutputBuffer(room=room, redactor=self._redactor)
        self._heard = heard
        self._percent = 0
        self._stage: str | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Notes({self.events})"

    @property
    def logs(self) -> Sequence[str]:
        """The lines of the log."""
        return [event.text for event in self.events if isinstance(event, Line)]

    @property
    def progresses(self) -> Sequence[tuple[int, str | None]]:
        """Each percentage with its stage."""
        return [(event.percent, event.stage) for event in self.events if isinstance(event, Progress)]

    @property
    def stages(self) -> Sequence[str | None]:
        """Each stage once, in order."""
        return list(dict.fromkeys(stage for _, stage in self.progresses))

    @property
    def outputs(self) -> Sequence[str]:
        """The texts of the output."""
        return [event.text for event in self.events if isinstance(event, Output)]

    def progress(self, percent: float, stage: str | None = None) -> None:
        """Writes it down where it is news; what isn't a number, or less than before, is none."""
        reached = max(self._percent, percent_of(percent) or 0)
        caption = self._stage if stage is None else stage_of(stage, redactor=self._redactor)
        if self._closed or (reached, caption) == (self._percent, self._stage):
            return
        self._percent, self._stage = reached, caption
        self.events.append(Progress(reached, caption))
        if caption is not None:
            self._heard(caption)

    def log(self, text: str) -> None:
        """Writes down each line."""
        if self._closed:
            return
        for line in lines_of(text, redactor=self._redactor):
            self.events.append(Line(fitting(line, LINE_BYTES)))
            self._heard(line)

    def output(self, text: str) -> None:
        """Writes it down, apart from an end that may be half of a secret."""
        if self._closed:
            return
        if not self._buffer.write(writable(str(text))):
            self.events.append(Line("The job's output is full, the rest is dropped"))
        self._take()

    def pause(self) -> None:
        """A step has ended: less of the output is held back."""
        self._take(pausing=True)

    def close(self, *, lost: bool = False) -> None:
        """The run is over; what comes now is nowhere to be seen. ``lost``: with its worker, and what was held back."""
        if not lost:
            self._take(last=True)
        self._closed = True

    def _take(self, *, pausing: bool = False, last: bool = False) -> None:
        while self._buffer.settle(pausing=pausing, last=last):
            self.events.append(Output(self._buffer.take()))
