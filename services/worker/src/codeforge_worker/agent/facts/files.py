"""How large the repository is, and which files are the largest."""

from __future__ import annotations

from heapq import nlargest
from typing import Any

from codeforge_worker.agent.facts.languages import language_of
from codeforge_worker.agent.source_file import SourceFile

LARGEST = 10


class Files:
    """Counts files, bytes and lines."""

    def __init__(self) -> None:
        self._count = self._bytes = self._lines = self._binary = self._foreign = self._unread = 0
        self._sizes: list[tuple[int, str, int, bool]] = []

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        self._count += 1
        self._bytes += file.size
        self._binary += file.binary
        self._foreign += file.foreign
        self._unread += file.content is None
        self._lines += 0 if file.foreign else file.lines
        source = not file.foreign and language_of(file) is not None
        self._sizes = nlargest(LARGEST, [*self._sizes, (file.size, file.path, file.lines, source)])

    def found(self) -> dict[str, Any]:
        """``lines`` leaves out what is ``foreign``; ``unread`` files were too large, or beyond the limits.

        ``source``: whether a file is written in one of the languages, by somebody of this project.
        """
        return {
            "count": self._count,
            "bytes": self._bytes,
            "lines": self._lines,
            "binary": self._binary,
            "foreign": self._foreign,
            "unread": self._unread,
            "largest": [
                {"path": path, "bytes": size, "lines": lines, "source": source}
                for size, path, lines, source in self._sizes
            ],
        }
