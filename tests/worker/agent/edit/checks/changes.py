"""Changes as the checks get them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from codeforge_worker.agent.edit.change import Change, Edit, FileSummary
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.edit.scope import Scope

DEMANDS = Demands(scope=Scope.of("Do as you please."), secrets=(), diff_bytes=1000)


def edit(*changes: Change, diff: str = "", patch: str = "") -> Edit:
    files = [FileSummary(path=change.path, status="modified", additions=1, deletions=1) for change in changes]
    return Edit(changes=changes, files=files, diff=diff, patch=patch)


def changed(path: str, before: str | bytes | None, after: str | bytes | None) -> Edit:
    """An edit of one ordinary file."""
    return edit(
        Change(
            path=path,
            before=_bytes(before),
            after=_bytes(after),
            mode_before=None if before is None else "100644",
            mode_after=None if after is None else "100644",
        )
    )


def demands(*, message: str = "Do as you please.", files: Sequence[str] = (), secrets: Sequence[str] = ()) -> Demands:
    return Demands(scope=Scope.of(message, files=files), secrets=secrets, diff_bytes=1000)


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
