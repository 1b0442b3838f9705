"""Only what the request is about is changed: its files where it names some, and no CI where it doesn't ask for that."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checks.demands import Demands


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """A complaint for each file that is out of scope."""
    for change in edit.changes:
        if (objection := demands.scope.objection(change.path)) is not None:
            yield f"{objection} Give it back its former content, or leave it out."
