"""What parsed before still does, and so does what is new."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import Change, Edit
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.edit.checks.syntax import fault
from codeforge_worker.agent.edit.text import Text


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """A complaint, with the place, for each file that can't be parsed any more."""
    for change in edit.changes:
        if (problem := _problem(change)) is not None:
            yield f"{change.path} can't be parsed: {problem}. Mend it."


def _problem(change: Change) -> str | None:
    found = _fault(change.path, change.text_after)
    if found is None:
        return None
    # A template, a dialect or a broken file that the repository has had before is no fault of the change.
    return None if change.before and _fault(change.path, change.text_before) is not None else found


def _fault(path: str, text: Text | None) -> str | None:
    return None if text is None else fault(path, text.content)
