"""What is measured of a repository: one small file for each fact.

Most facts are fed file by file, so that one file is in memory at a time, and tell at the end what they found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from codeforge_worker.agent.facts.complexity import Complexity
from codeforge_worker.agent.facts.dependencies import Dependencies
from codeforge_worker.agent.facts.files import Files
from codeforge_worker.agent.facts.languages import Languages
from codeforge_worker.agent.facts.licence import Licence
from codeforge_worker.agent.facts.practices import Practices
from codeforge_worker.agent.facts.readme import Readme
from codeforge_worker.agent.facts.todos import Todos
from codeforge_worker.agent.source_file import SourceFile


class Fact(Protocol):
    """One measurement."""

    def add(self, file: SourceFile) -> None:
        """Looks at one more file. Never raises, whatever the file holds."""

    def found(self) -> Any:
        """What was measured, as JSON; bounded, however large the repository is."""


def fresh() -> Mapping[str, Fact]:
    """Each fact that is measured file by file, under its name in the result, before it has seen anything."""
    return {
        "files": Files(),
        "languages": Languages(),
        "complexity": Complexity(),
        "todos": Todos(),
        "licence": Licence(),
        "dependencies": Dependencies(),
        "readme": Readme(),
        "practices": Practices(),
    }
