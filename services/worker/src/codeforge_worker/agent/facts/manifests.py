"""Reads what a project says it depends on: name and version range, from the text of a manifest.

Only names and ranges are taken. An address in a manifest may hold a password, so none is.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PYTHON = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([<>=!~].*?)?(?=\s--|[;#@]|$)")
_GO_BLOCK = re.compile(r"^require\s*\((.*?)^\)", re.MULTILINE | re.DOTALL)
_GO_LINE = re.compile(r"^\s*(?:require\s+)?([\w.-]+(?:/[\w.~-]+)+)\s+(v\S+)(\s*//\s*indirect)?", re.MULTILINE)
_GEM = re.compile(r"^\s*gem\s+['\"]([\w.-]+)['\"](?:\s*,\s*['\"]([^'\"]+)['\"])?", re.MULTILINE)
_MAVEN = re.compile(
    r"<dependency>(?:(?!</dependency>).)*?<artifactId>\s*([\w.-]+)\s*</artifactId>(?:(?!</dependency>).)*?"
    r"(?:<version>\s*([\w.${}-]+)\s*</version>|</dependency>)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """``version`` is the range as it is written, empty where there is none."""

    name: str
    version: str = ""


class Unreadable(Exception):
    """Raised for a manifest that isn't written as its format asks."""


Reader = Callable[[str], Iterable[Dependency]]


def read(text: str, *, reader: Reader) -> list[Dependency]:
    """The dependencies in ``text``, each once, in order.

    :raises Unreadable: when ``reader`` can't make sense of it.
    """
    try:
        found = {dependency.name: dependency for dependency in reader(text)}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise Unreadable from None
    return list(found.values())


def requirements_txt(text: str) -> Iterable[Dependency]:
    """pip's requirements file; options, other files and addresses are left out."""
    for line in text.replace("\\\n", " ").split("\n"):
        if (dependency := _requirement(line)) is not None:
            yield dependency


def pyproject_toml(text: str) -> Iterable[Dependency]:
    """PEP 621, PEP 735 and Poetry."""
    document = tomllib.loads(text)
    project = document.get("project", {})
    listed = [
        project.get("dependencies", []),
        *project.get("optional-dependencies", {}).values(),
        *document.get("dependency-groups", {}).values(),
    ]
    for requirement in (item for items in listed for item in items if isinstance(item, str)):
        if (dependency := _requirement(requirement)) is not None:
            yield dependency
    poetry = document.get("tool", {}).get("poetry", {})
    groups = [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    for table in (poetry.get("dependencies", {}), *groups):
        yield from (found for found in _table(table) if found.name != "python")


def package_json(text: str) -> Iterable[Dependency]:
    """npm, yarn, pnpm."""
    document = json.loads(text)
    for section in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        yield from _table(document.get(section, {}))


def go_mod(text: str) -> Iterable[Dependency]:
    """Go; what is only needed by others (``// indirect``) is left out."""
    single = _GO_BLOCK.sub("", text)
    blocks = "\n".join(_GO_BLOCK.findall(text))
    lines = "\n".join(line for line in single.split("\n") if line.startswith("require"))
    for name, version, indirect in _GO_LINE.findall(f"{lines}\n{blocks}"):
        if not indirect:
            yield Dependency(name=name, version=version)


def cargo_toml(text: str) -> Iterable[Dependency]:
    """Rust, a workspace's dependencies included."""
    document = tomllib.loads(text)
    for table in (document, document.get("workspace", {})):
        for section in ("dependencies", "dev-dependencies", "build-dependencies"):
            yield from _table(table.get(section, {}))


def gemfile(text: str) -> Iterable[Dependency]:
    """Ruby's Bundler."""
    return (Dependency(name=name, version=version) for name, version in _GEM.findall(text))


def composer_json(text: str) -> Iterable[Dependency]:
    """PHP's Composer; PHP itself and its extensions are left out."""
    document = json.loads(text)
    for section in ("require", "require-dev"):
        yield from (found for found in _table(document.get(section, {})) if "/" in found.name)


def pom_xml(text: str) -> Iterable[Dependency]:
    """Maven. By pattern and not by an XML parser, which entities could make expand without end."""
    return (Dependency(name=name, version=version) for name, version in _MAVEN.findall(text))


def _requirement(line: str) -> Dependency | None:
    if "://" in line.partition("@")[0] or not (match := _PYTHON.match(line)):
        return None
    return Dependency(name=match[1], version=(match[2] or "").strip())


def _table(table: Mapping[str, Any]) -> Iterable[Dependency]:
    """A table of names with a range, or with a table that may have a ``version``."""
    for name, value in table.items():
        version = value.get("version", "") if isinstance(value, Mapping) else value
        plain = isinstance(version, str) and not re.search(r"[/:@]", version)
        yield Dependency(name=name, version=version if plain else "")
