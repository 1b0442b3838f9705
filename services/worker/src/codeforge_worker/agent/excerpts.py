"""The parts of a repository that a model is shown for an analysis: those that the facts point at, with line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeforge_worker.agent.source_file import MAX_FILE_BYTES, SourceFile
from codeforge_worker.agent.tree import MAX_FILES, Entry, contents, read_tree

MOST_FILES = 12
MOST_LINES = 300
"""Of one file; what the facts point at later in it isn't shown."""
MOST_CHARACTERS = 60_000
"""Of all files together."""
_LINE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpts:
    """``text``: for the model. ``lines``: how many lines each file of the repository that was read has, by path."""

    text: str
    lines: Mapping[str, int]


def read_excerpts(repository: Path, *, facts: Mapping[str, Any]) -> Excerpts:
    """What the ``facts`` about ``HEAD`` of the bare ``repository`` point at. Blocks; call it in a thread."""
    tree = {entry.path: entry for entry in read_tree(repository, max_entries=MAX_FILES).entries}
    wanted = [tree[path] for path in dict.fromkeys(_pointed_at(facts)) if path in tree]
    readable = [entry for entry in wanted if entry.size <= MAX_FILE_BYTES][:MOST_FILES]
    texts = dict(_texts(repository, readable))
    shown, room = [], MOST_CHARACTERS
    for path, text in texts.items():
        excerpt = _numbered(path, text.splitlines())[:room]
        room -= len(excerpt)
        shown.append(excerpt)
        if room <= 0:
            break
    return Excerpts(text="\n\n".join(shown), lines={path: len(text.splitlines()) for path, text in texts.items()})


def _pointed_at(facts: Mapping[str, Any]) -> Iterator[str]:
    """Paths, the most telling first."""
    if path := facts["readme"]["path"]:
        yield path
    for group in (facts["hotSpots"], facts["complexity"]["most"], facts["dependencies"], facts["churn"]):
        yield from (found["path"] for found in group[:5])
    yield from (found["path"] for found in facts["todos"]["items"][:5])
    yield from (found["path"] for found in facts["files"]["largest"])


def _texts(repository: Path, entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    for entry, content in contents(repository, entries):
        file = SourceFile(path=entry.path, size=entry.size, content=content)
        if not file.foreign and file.text:
            yield entry.path, file.text


def _numbered(path: str, lines: Sequence[str]) -> str:
    shown = [f"{number}\t{line[:_LINE_CHARACTERS]}" for number, line in enumerate(lines[:MOST_LINES], 1)]
    more = [f"({len(lines) - MOST_LINES} more lines)"] if len(lines) > MOST_LINES else []
    return "\n".join([f"=== {path}", *shown, *more])
