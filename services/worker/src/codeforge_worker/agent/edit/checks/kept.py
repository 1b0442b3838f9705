"""Encoding, BOM, line endings and the end of the last line are what they were."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import Change, Edit
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.edit.text import Text

_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """A complaint for each thing that a changed file lost."""
    for change in edit.changes:
        if change.before is not None and change.after is not None:
            yield from _of_changed(change)
        elif change.after is not None:
            yield from _of_new(change)


def _of_changed(change: Change) -> Iterator[str]:
    path, before, after = change.path, change.text_before, change.text_after
    if before is None:
        yield f"{path} is binary; leave it as it is."
        return
    if after is None:
        yield f"{path} was text and is binary now; write text."
        return
    # Of ASCII nobody can tell which of its supersets it is.
    if before.encoding != after.encoding and not _ascii(before) and not _ascii(after):
        yield f"{path} was encoded as {before.encoding.label} and is {after.encoding.label} now; keep its encoding."
    elif before.encoding.mark != after.encoding.mark:
        yield f"{path} was {before.encoding.label} and is {after.encoding.label} now; keep its byte order mark."
    foreign = set(after.endings) - set(before.endings)
    if before.endings and foreign:
        was, now = (
            " and ".join(sorted(_NAMES[ending] for ending in endings)) for endings in (set(before.endings), foreign)
        )
        yield f"{path} had {was} at its line ends and has {now} now; keep its line endings."
    if before.content and after.content and before.content.endswith("\n") != after.content.endswith("\n"):
        had = "ended with a line break" if before.content.endswith("\n") else "had no line break at its end"
        yield f"{path} {had}; keep that."


def _of_new(change: Change) -> Iterator[str]:
    text = change.text_after
    if text is None:
        yield f"{change.path} is new and binary; only text files are made."
    elif len(set(text.endings)) > 1:
        yield f"{change.path} is new and mixes line endings; use one kind."


def _ascii(text: Text) -> bool:
    return not text.encoding.mark and text.content.isascii()
