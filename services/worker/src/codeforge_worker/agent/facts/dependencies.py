"""What the repository depends on, by the manifests that it holds."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from codeforge_worker.agent.facts import manifests
from codeforge_worker.agent.facts.manifests import Dependency, Reader, Unreadable
from codeforge_worker.agent.source_file import SourceFile

LISTED_MANIFESTS = 20
LISTED_DEPENDENCIES = 40
NAME_LENGTH = 100

_MANIFESTS: tuple[tuple[str, str, Reader], ...] = (
    (r"requirements[\w.-]*\.(?:txt|in)", "Python", manifests.requirements_txt),
    (r"pyproject\.toml", "Python", manifests.pyproject_toml),
    (r"package\.json", "JavaScript", manifests.package_json),
    (r"go\.mod", "Go", manifests.go_mod),
    (r"Cargo\.toml", "Rust", manifests.cargo_toml),
    (r"Gemfile", "Ruby", manifests.gemfile),
    (r"composer\.json", "PHP", manifests.composer_json),
    (r"pom\.xml", "Java", manifests.pom_xml),
)


class Dependencies:
    """Reads each manifest that wasn't copied in with somebody else's code."""

    def __init__(self) -> None:
        self._manifests: list[dict[str, Any]] = []

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.foreign or file.text is None:
            return
        for pattern, ecosystem, reader in _MANIFESTS:
            if re.fullmatch(pattern, file.name):
                self._manifests.append({"path": file.path, "ecosystem": ecosystem, **_read(file.text, reader=reader)})
                return

    def found(self) -> list[dict[str, Any]]:
        """Those nearest the top first. ``count`` counts all, ``dependencies`` are the first of them."""
        return sorted(self._manifests, key=lambda found: (found["path"].count("/"), found["path"]))[:LISTED_MANIFESTS]


def _read(text: str, *, reader: Reader) -> dict[str, Any]:
    try:
        found = manifests.read(text, reader=reader)
    except Unreadable:
        return {"readable": False, "count": 0, "dependencies": []}
    listed = [asdict(_shortened(dependency)) for dependency in found[:LISTED_DEPENDENCIES]]
    return {"readable": True, "count": len(found), "dependencies": listed}


def _shortened(dependency: Dependency) -> Dependency:
    return Dependency(name=dependency.name[:NAME_LENGTH], version=dependency.version[:NAME_LENGTH])
