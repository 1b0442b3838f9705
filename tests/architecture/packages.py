"""The packages of this repository, as their pyproject.toml files describe them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Package:
    """One package: ``codeforge-worker`` in ``services/worker``, imported as ``codeforge_worker``."""

    folder: Path

    @property
    def project(self) -> dict[str, Any]:
        """The ``[project]`` table."""
        table: dict[str, Any] = tomllib.loads((self.folder / "pyproject.toml").read_text())["project"]
        return table

    @property
    def name(self) -> str:
        """Name of the distribution."""
        return canonicalize_name(self.project["name"])

    @property
    def module(self) -> str:
        """Name under which it is imported."""
        return self.name.replace("-", "_")

    @property
    def requirements(self) -> list[Requirement]:
        """What it declares."""
        return [Requirement(text) for text in self.project["dependencies"]]

    @property
    def extra_requirements(self) -> list[Requirement]:
        """What it declares for its extras: imported where somebody asked for them."""
        extras = self.project.get("optional-dependencies", {}).values()
        return [Requirement(text) for text in chain.from_iterable(extras)]

    @property
    def sources(self) -> list[Path]:
        """Its Python files."""
        return sorted((self.folder / "src").rglob("*.py"))


PACKAGES = {
    package.name: package
    for package in (
        Package(ROOT / folder)
        for folder in (
            "libs/common",
            "services/gateway",
            "services/notifier",
            "services/worker",
            "deploy/edge",
            "deploy/local",
        )
    )
}
