"""A finished step isn't run again, whatever happened to the worker."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History
from tests.chaos.journal import Word


def check_steps(history: History) -> Iterator[Violation]:
    """Reads the handlers' lines in the order in which they were written."""
    kept: dict[tuple[str, str], float] = {}
    for line in history.lines:
        word, _, step = line.word.partition(":")
        if word == Word.KEPT:
            kept.setdefault((line.job, step), line.at)
        elif word == Word.DOING and (at := kept.pop((line.job, step), None)) and not _was_lost(at, history):
            text = f"run {line.run} of {line.process} ran step {step} again, which was kept at {at:.3f}"
            yield Violation(rule=Rule.STEP, job=line.job, text=text)


def _was_lost(at: float, history: History) -> bool:
    """Whether what was kept then went with older files that were put back."""
    return any(restore.copied_at <= at <= restore.back_at for restore in history.restores)
