"""The program that measures a repository: ``python -m codeforge_worker.agent.measure``, in the repository's folder.

A process of its own, because measuring is Python at work for seconds: in a thread it would hold up the event loop, and
nothing could stop it. It writes JSON lines on stdout: ``{"done": 0.4}`` now and then, ``{"facts": {…}}`` at the end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from codeforge_worker.agent.facts import fresh
from codeforge_worker.agent.facts.complexity import Complexity
from codeforge_worker.agent.facts.history import History, read_history
from codeforge_worker.agent.source_file import MAX_FILE_BYTES, SourceFile
from codeforge_worker.agent.tree import MAX_FILES, Entry, contents, read_tree, shown

MAX_TOTAL_BYTES = 256 * 1024 * 1024
HOT_SPOTS = 10

_NICENESS = 5  # the worker, which keeps leases, goes first
_REPORT_SECONDS = 0.25


def measure(repository: Path, *, on_progress: Callable[[float], None] = lambda share: None) -> dict[str, Any]:
    """The facts about ``HEAD`` of the bare ``repository``, as JSON of less than 512 KiB. ``on_progress``: 0 to 1."""
    history = read_history(repository)
    tree = read_tree(repository, max_entries=MAX_FILES)
    facts = fresh()
    complexity = facts["complexity"]
    assert isinstance(complexity, Complexity)
    # What changes often comes first, so that it isn't what a limit leaves out.
    ordered = sorted(tree.entries, key=lambda entry: (-history.commits[entry.path], entry.path))
    for number, file in enumerate(_files(repository, ordered), start=1):
        for fact in facts.values():
            fact.add(file)
        on_progress(number / len(ordered))
    return {
        "commit": history.newest,
        "branch": _branch(repository),
        "history": history.found(shallow=(repository / "shallow").exists()),
        "tree": {"complete": tree.complete, "symlinks": tree.symlinks, "submodules": tree.submodules},
        **{name: fact.found() for name, fact in facts.items()},
        "churn": history.churn(among={entry.path for entry in tree.entries}),
        "hotSpots": _hot_spots(complexity, history=history),
    }


def _branch(repository: Path) -> str | None:
    """The branch that was cloned; None for a tag."""
    head = (repository / "HEAD").read_bytes()
    prefix = b"ref: refs/heads/"
    return shown(head.removeprefix(prefix).strip()) if head.startswith(prefix) else None


def _files(repository: Path, entries: Sequence[Entry]) -> Iterator[SourceFile]:
    """Each file, with its content as far as the limits reach."""
    read: list[Entry] = []
    left = MAX_TOTAL_BYTES
    for entry in entries:
        if entry.size <= min(left, MAX_FILE_BYTES):
            left -= entry.size
            read.append(entry)
        else:
            yield SourceFile(path=entry.path, size=entry.size, executable=entry.executable)
    for entry, content in contents(repository, read):
        yield SourceFile(path=entry.path, size=entry.size, content=content, executable=entry.executable)


def _hot_spots(complexity: Complexity, *, history: History) -> list[dict[str, Any]]:
    """Files that are hard to follow *and* change often: where a mistake is most likely made next."""
    weights = {path: total * history.commits[path] for path, total in complexity.by_file.items()}
    most = sorted((path for path, weight in weights.items() if weight), key=lambda path: (-weights[path], path))
    return [
        {"path": path, "complexity": complexity.by_file[path], "commits": history.commits[path]}
        for path in most[:HOT_SPOTS]
    ]


def main() -> None:
    """Entry point of the program."""
    os.nice(_NICENESS)
    reported = 0.0

    def report(share: float) -> None:
        nonlocal reported
        if time.monotonic() - reported >= _REPORT_SECONDS:
            reported = time.monotonic()
            _say({"done": round(share, 3)})

    _say({"facts": measure(Path.cwd(), on_progress=report)})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
