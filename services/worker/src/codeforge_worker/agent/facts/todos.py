"""What the authors left for later: comments that begin with TODO, FIXME, HACK or XXX."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from codeforge_worker.agent.facts.languages import language_of
from codeforge_worker.agent.source_file import SourceFile

LISTED = 30
TEXT_LENGTH = 160

_MARK = re.compile(
    r"(?:#|//|/\*|\*|<!--|--|;|%|\{#|\"\"\")[ \t]*@?(TODO|FIXME|HACK|XXX)\b(?:\([^)\n]{0,60}\))?[ \t:.-]*([^\n]*)"
)
_COMMENT_END = re.compile(r"\s*(?:\*/|-->|#\}|\"\"\").*$")


class Todos:
    """Finds the marks in files of programming languages."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._items: list[dict[str, Any]] = []

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.foreign or file.text is None or language_of(file) is None:
            return
        for mark in _MARK.finditer(file.text):
            self._kinds[mark[1]] += 1
            if len(self._items) < LISTED:
                line = file.text.count("\n", 0, mark.start()) + 1
                text = _COMMENT_END.sub("", mark[2]).strip()[:TEXT_LENGTH]
                self._items.append({"path": file.path, "line": line, "kind": mark[1], "text": text})

    def found(self) -> dict[str, Any]:
        """``items`` are the first :data:`LISTED`; ``count`` counts all."""
        return {"count": self._kinds.total(), "kinds": dict(self._kinds), "items": self._items}
