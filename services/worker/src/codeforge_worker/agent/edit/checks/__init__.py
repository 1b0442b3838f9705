"""What a change must satisfy before anybody is shown it, one file a check. A new one is a file and a line below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checks import kept, kinds, leaks, parses, scope, size, something
from codeforge_worker.agent.edit.checks.demands import Demands

Check = Callable[[Edit, Demands], Iterable[str]]
"""Looks at a change and complains in sentences that a model can act on. Pure: no disk, no network, no git."""

CHECKS: Sequence[Check] = (
    something.check,
    size.check,
    kinds.check,
    scope.check,
    kept.check,
    parses.check,
    leaks.check,
)


def check_all(edit: Edit, demands: Demands) -> Sequence[str]:
    """Every complaint about ``edit``; none: it is fine. Blocks, perhaps for seconds: call it in a thread.

    No complaint repeats a secret.
    """
    return [complaint for check in CHECKS for complaint in check(edit, demands)]
