"""The diff is one that a person can read."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checks.demands import Demands


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """One complaint where it has more bytes than allowed."""
    size = max(len(edit.diff.encode()), len(edit.patch.encode()))
    if size > demands.diff_bytes:
        largest = ", ".join(file.path for file in sorted(edit.files, key=lambda f: -(f.additions + f.deletions))[:5])
        yield (
            f"The diff has {size} bytes, and at most {demands.diff_bytes} are allowed."
            f" Change less; the most is changed in {largest}."
        )
