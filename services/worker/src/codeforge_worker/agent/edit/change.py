"""What became of one file between the base and now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeforge_worker.agent.edit.text import Text

REGULAR = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``before`` and ``after``: the content, None where there is no such file. The modes are git's, such as 100644."""

    path: str
    before: bytes | None
    after: bytes | None
    mode_before: str | None = REGULAR
    mode_after: str | None = REGULAR

    @property
    def text_before(self) -> Text | None:
        """The text that it was; None for a new or a binary file."""
        return None if self.before is None else Text.parse(self.before)

    @property
    def text_after(self) -> Text | None:
        """The text that it is; None for a removed or a binary file."""
        return None if self.after is None else Text.parse(self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """A changed file for people. ``status``: added, modified or removed. ``additions``, ``deletions``: lines."""

    path: str
    status: str
    additions: int
    deletions: int

    def to_json(self) -> dict[str, Any]:
        """As a result holds it."""
        return {
            "path": self.path,
            "status": self.status,
            "additions": self.additions,
            "deletions": self.deletions,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """All that was changed. ``changes``: file by file. ``files``: the same for people.

    ``diff``: unified, for people, whole. Files that aren't text are named in it, and their content left out.
    ``patch``: unified too, and whatever the files hold, ``git apply`` takes its UTF-8: files that aren't UTF-8, or hold
    what looks like a credential, stand in it as git's binary patches, in ASCII, below lines with ``# `` for people.
    """

    changes: Sequence[Change]
    files: Sequence[FileSummary]
    diff: str
    patch: str

    def shown(self, *, limit: int) -> str:
        """The diff for people, cut after a line where it has more than ``limit`` bytes; the cut is told."""
        whole = self.diff.encode()
        if len(whole) <= limit:
            return self.diff
        end = whole.rfind(b"\n", 0, limit) + 1
        return f"{whole[:end].decode()}(The diff goes on for {len(whole) - end} bytes that aren't shown.)\n"
