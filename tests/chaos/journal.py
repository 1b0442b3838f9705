"""The handlers' file: what each run of a job did and when, written by the run itself, beat by beat."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path

BEAT_SECONDS = 0.05
"""Between two lines of a run."""


class Word(StrEnum):
    """What a run says of itself. The last two with a colon and the name of a step."""

    BEGIN = "begin"
    BEAT = "beat"
    STOPPED = "stopped"
    """It was told to end, and this is its last line."""
    END = "end"
    """It has done its work; what follows is its return."""
    DOING = "doing"
    """The step runs."""
    KEPT = "kept"
    """The step's result has been kept, by this run or by an earlier one."""


@dataclass(frozen=True, slots=True)
class Line:
    """``process`` is the worker that was told to run it, ``run`` unlike any other's; ``at`` is of :func:`now`.

    ``word``: a :class:`Word`, those of steps with the step's name.
    """

    job: str
    run: str
    process: str
    attempt: int
    word: str
    at: float


def now() -> float:
    """Seconds of CLOCK_BOOTTIME: one clock for all processes of a machine, and it never steps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def append(journal: Path, line: Line) -> None:
    """Writes the line in one call, so that neither a kill nor another process can tear it."""
    file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, (" ".join(map(str, astuple(line))) + "\n").encode())
    finally:
        os.close(file)


def read(journal: Path) -> Sequence[Line]:
    """All lines, in the order in which they were written."""
    lines = []
    for text in journal.read_text().splitlines() if journal.exists() else ():
        job, run, process, attempt, word, at = text.split()
        lines.append(Line(job, run, process, int(attempt), word, float(at)))
    return lines
