"""Feeds files to a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeforge_worker.agent.facts import Fact
from codeforge_worker.agent.source_file import SourceFile


def measured(fact: Fact, files: Mapping[str, object]) -> Any:
    """What ``fact`` finds in files by path; text, bytes, or the size of one that wasn't read."""
    for path, content in files.items():
        match content:
            case int():
                fact.add(SourceFile(path=path, size=content))
            case str():
                fact.add(SourceFile(path=path, size=len(content.encode()), content=content.encode()))
            case bytes():
                fact.add(SourceFile(path=path, size=len(content), content=content))
            case _:
                raise TypeError(content)
    return fact.found()
