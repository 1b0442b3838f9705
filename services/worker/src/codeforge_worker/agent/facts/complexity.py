"""Where the code is hard to follow: cyclomatic complexity of each function, measured by lizard."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nlargest
from types import FrameType
from typing import Any

import lizard

from codeforge_worker.agent.facts.languages import language_of
from codeforge_worker.agent.source_file import SourceFile

LISTED = 15
COMPLEX = 20
"""From here on a function is hard to test; McCabe (1976) advised 10, NIST 500-235 allows up to 15."""
MAX_BYTES = 512 * 1024
"""Longer files are mostly data in the shape of code."""
FILE_SECONDS = 5.0
TOTAL_SECONDS = 90.0
"""lizard reads some 60,000 lines a second. What comes after this time is left out, and the result says so."""


class Complexity:
    """Reads what lizard knows to read; what was generated or copied in is left out, since nobody would rework it."""

    def __init__(self, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._deadline = time.monotonic() + total_seconds
        self._functions = self._sum = self._files = self._skipped = self._complex = 0
        self._most: list[tuple[int, str, int, str, int, int]] = []
        self.by_file: dict[str, int] = {}

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.foreign or file.text is None or language_of(file) is None or lizard.get_reader_for(file.name) is None:
            return
        functions = None if file.size > MAX_BYTES or time.monotonic() > self._deadline else _measure(file)
        if functions is None:
            self._skipped += 1
            return
        self._files += 1
        self._functions += len(functions)
        self._complex += sum(function[0] >= COMPLEX for function in functions)
        total = sum(function[0] for function in functions)
        self._sum += total
        self.by_file[file.path] = total
        self._most = nlargest(LISTED, self._most + functions)

    def found(self) -> dict[str, Any]:
        """``complex`` functions reach the ``threshold``.

        ``skipped`` files were too long, too slow to read, or beyond the time for all.
        """
        return {
            "files": self._files,
            "functions": self._functions,
            "average": round(self._sum / self._functions, 1) if self._functions else 0.0,
            "complex": self._complex,
            "threshold": COMPLEX,
            "skipped": self._skipped,
            "most": [
                {"complexity": ccn, "path": path, "line": line, "function": name, "lines": lines, "parameters": count}
                for ccn, path, line, name, lines, count in self._most
            ],
        }


def _measure(file: SourceFile) -> list[tuple[int, str, int, str, int, int]] | None:
    """Complexity, path, line, name, lines and parameters of each function; None where lizard can't tell."""
    try:
        with _at_most(FILE_SECONDS):
            functions = lizard.analyze_file.analyze_source_code(file.path, file.text).function_list
    except Exception:
        # Whatever a parser of 25 languages says of a text that may be anything: this file is left out.
        return None
    return [
        (
            found.cyclomatic_complexity,
            file.path,
            found.start_line,
            found.name[:200],
            found.end_line - found.start_line + 1,
            len(found.parameters),
        )
        for found in functions
    ]


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises :class:`TimeoutError` in the block after ``seconds``. In the main thread only, as signals are."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
