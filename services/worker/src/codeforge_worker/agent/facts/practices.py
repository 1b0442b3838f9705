"""What surrounds the code: tests, continuous integration, containers, pinned dependencies."""

from __future__ import annotations

import re
from typing import Any

from codeforge_worker.agent.facts.languages import language_of
from codeforge_worker.agent.source_file import SourceFile

LISTED = 10

_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)test_[^/]+$|_test\.[^/]+$|\.(?:test|spec)\.[^/]+$|Tests?\.(?:java|kt|cs)$"
)
_CI = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|\.travis\.yml|azure-pipelines\.yml"
    r"|Jenkinsfile|\.drone\.yml|bitbucket-pipelines\.yml|\.woodpecker\.ya?ml|\.buildkite/[^/]+\.ya?ml"
)
_CONTAINER = re.compile(r"(?:.*/)?(?:Dockerfile(?:\.[\w-]+)?|Containerfile|(?:docker-)?compose\.ya?ml)")
_LOCK = re.compile(
    r"(?:.*/)?(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock|Pipfile\.lock"
    r"|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock)"
)


class Practices:
    """Goes by the names of files."""

    def __init__(self) -> None:
        self._tests = 0
        self._paths: dict[str, list[str]] = {"ci": [], "containers": [], "locks": []}

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if _TEST.search(file.path) and not file.foreign and language_of(file) is not None:
            self._tests += 1
        for name, pattern in (("ci", _CI), ("containers", _CONTAINER), ("locks", _LOCK)):
            if pattern.fullmatch(file.path) and len(self._paths[name]) < LISTED:
                self._paths[name].append(file.path)

    def found(self) -> dict[str, Any]:
        """``tests`` counts files; the others are paths."""
        return {"tests": self._tests, **{name: sorted(paths) for name, paths in self._paths.items()}}
