"""Finds the lines of the working tree that hold a text, or match a regular expression.

As a program, for expressions: ``python -m codeforge_worker.agent.edit.search ARGUMENTS`` in the root of the tree, with
the fields of :class:`Query` as JSON; it prints a :class:`Found` as JSON. An expression may take longer than the
universe, and the interpreter does nothing else meanwhile: only a process of its own can be stopped.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from codeforge_worker.agent.edit.browse import files_below
from codeforge_worker.agent.edit.guards import opened_root, read
from codeforge_worker.agent.edit.refused import Refused
from codeforge_worker.agent.edit.text import Text

MOST_LINES = 200
_SHOWN = 300
_MEMORY_BYTES = 1024**3
_LAST_FILE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``text``: what a line holds, or, with ``regex``, matches. ``files``: a pattern such as ``src/*.py``; None: all.

    ``file_bytes``: of a file that is looked at; larger ones are left out, and so are binary ones.
    ``seconds``: after which it ends with what it found.
    """

    text: str
    regex: bool
    ignore_case: bool
    files: str | None
    file_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``lines``: path, number from 1 and beginning of each, at most :data:`MOST_LINES`. ``complete``: that's all."""

    lines: Sequence[tuple[str, int, str]]
    complete: bool


def find(query: Query, *, folder: Path) -> Found:
    """Looks through the files below ``folder`` in the order of their paths.

    :raises re.error: for an expression that is none. Also RecursionError, OverflowError and MemoryError for bad ones.
    """
    matches = _matcher(query)
    lines: list[tuple[str, int, str]] = []
    deadline = time.monotonic() + query.seconds
    with opened_root(folder) as root:
        for parts in files_below(root):
            path = "/".join(parts)
            if query.files is not None and not _named(path, query.files):
                continue
            if time.monotonic() > deadline:
                return Found(lines=lines, complete=False)
            for number, line in enumerate(_lines(root, parts, limit=query.file_bytes), start=1):
                if not matches(line):
                    continue
                if len(lines) == MOST_LINES:
                    return Found(lines=lines, complete=False)
                lines.append((path.encode(errors="backslashreplace").decode(), number, line[:_SHOWN]))
    return Found(lines=lines, complete=True)


def _matcher(query: Query) -> Callable[[str], object]:
    if query.regex:
        return re.compile(query.text, re.IGNORECASE if query.ignore_case else 0).search
    if query.ignore_case:
        wanted = query.text.casefold()
        return lambda line: wanted in line.casefold()
    return lambda line: query.text in line


def _named(path: str, pattern: str) -> bool:
    """As people mean it: a pattern without a folder is one for names, and ``src`` or ``src/`` is all that is below."""
    pattern = pattern.removeprefix("./").rstrip("/")
    name = path.rpartition("/")[2]
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*") or fnmatchcase(name, pattern)


def _lines(root: int, parts: tuple[str, ...], *, limit: int) -> Sequence[str]:
    try:
        text = Text.parse(read(root, parts, limit=limit))
    except Refused:
        return ()
    return text.content.split("\n") if text is not None else ()


def main() -> None:
    """The program."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    query = Query(**json.loads(sys.argv[1]))
    # Its default action ends the process in the middle of a match.
    signal.setitimer(signal.ITIMER_REAL, query.seconds + _LAST_FILE_SECONDS)
    try:
        answer = asdict(find(query, folder=Path.cwd()))
    except re.error as error:
        answer = {"error": str(error)}
    except (RecursionError, OverflowError, MemoryError) as error:
        answer = {"error": type(error).__name__}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
