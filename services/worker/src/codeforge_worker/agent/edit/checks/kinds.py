"""Files stay what they are: no submodule, no symbolic link, no change of what may be executed."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import REGULAR, Change, Edit
from codeforge_worker.agent.edit.checks.demands import Demands

_SPECIAL = {"120000": "a symbolic link", "160000": "a submodule"}


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """A complaint for each file whose kind or mode is another, or that is no ordinary file."""
    for change in edit.changes:
        if (complaint := _complaint(change)) is not None:
            yield complaint


def _complaint(change: Change) -> str | None:
    before, after = change.mode_before, change.mode_after
    special = next((_SPECIAL[mode] for mode in (before, after) if mode in _SPECIAL), None)
    if special is not None:
        return f"{change.path} is {special}; leave it as it is."
    if before is None and after != REGULAR:
        return f"{change.path} is new and has mode {after}; a new file has {REGULAR}."
    if None not in (before, after) and before != after:
        return f"{change.path} had mode {before} and has {after} now; keep its mode."
    return None
