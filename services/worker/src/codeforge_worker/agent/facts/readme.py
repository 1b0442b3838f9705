"""What the README tells, and whether there is one."""

from __future__ import annotations

import re
from typing import Any

from codeforge_worker.agent.source_file import SourceFile

SHORT_WORDS = 60
LISTED = 20

_NAME = re.compile(r"readme(?:\.(?:md|markdown|rst|txt|adoc|org))?", re.IGNORECASE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}[ \t]+([^\n]+?)[ \t#]*$|^([^\n]+)\n(?:={3,}|-{3,}|~{3,})[ \t]*$", re.MULTILINE)
_TOPICS = {
    "installation": r"install|set ?up|getting started|quick ?start|cài đặt",
    "usage": r"usage|example|how to use|getting started|quick ?start|tutorial|sử dụng",
    "licence": r"licen[cs]e|giấy phép",
    "contributing": r"contribut|development|đóng góp",
}


class Readme:
    """Takes the README of the top folder; Markdown before anything else."""

    def __init__(self) -> None:
        self._file: SourceFile | None = None

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.depth == 0 and _NAME.fullmatch(file.name) and (self._file is None or file.name.lower().endswith(".md")):
            self._file = file

    def found(self) -> dict[str, Any]:
        """``state`` is ``missing``, ``short`` (under :data:`SHORT_WORDS` words) or ``present``."""
        if self._file is None:
            return {"state": "missing", "path": None, "words": 0, "sections": [], "missing": sorted(_TOPICS)}
        text = _FENCE.sub("", self._file.text or "")
        words = len(re.findall(r"\w+", text))
        sections = [(atx or underlined).strip()[:100] for atx, underlined in _HEADING.findall(text)]
        titles = "\n".join(sections)
        return {
            "state": "short" if words < SHORT_WORDS else "present",
            "path": self._file.path,
            "words": words,
            "sections": sections[:LISTED],
            "missing": sorted(topic for topic, words in _TOPICS.items() if not re.search(words, titles, re.IGNORECASE)),
        }
