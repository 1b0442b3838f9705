"""A package declares exactly what it imports: no more, and nothing by way of somebody else's requirement."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.architecture.packages import PACKAGES, Package

STARTED_AS_PROGRAMS = {"codeforge-local": {"codeforge-edge"}}
"""What is declared without being imported."""


@cache
def owners() -> dict[str, str]:
    """The distribution that each installed Python file belongs to."""
    return {
        str(file.locate()): canonicalize_name(installed.name)
        for installed in distributions()
        for file in installed.files or ()
        if file.suffix in (".py", ".so")
    }


def modules(package: Package) -> Iterator[str]:
    """Full names of what its files import, in functions too."""
    for path in package.sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def owner(module: str) -> str:
    """The distribution that ``module``, or the module that holds the name, belongs to."""
    top = module.partition(".")[0]
    if top.replace("_", "-") in PACKAGES:
        return top.replace("_", "-")
    while module:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found and found.origin:
            return owners()[str(Path(found.origin))]
        module = module.rpartition(".")[0]
    return top


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_a_package_declares_what_it_imports(package: Package) -> None:
    foreign = {module for module in modules(package) if module.partition(".")[0] not in sys.stdlib_module_names}
    imported = {owner(module) for module in foreign} - {package.name}
    declared = {
        canonicalize_name(requirement.name) for requirement in package.requirements + package.extra_requirements
    }

    assert sorted(imported - declared) == [], "imported, not declared"
    assert sorted(declared - imported - STARTED_AS_PROGRAMS.get(package.name, set())) == [], "declared, not imported"
