"""House rules that no linter knows."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

from codeforge_common.job import Status
from tests.architecture.packages import PACKAGES, ROOT

MAX_LINES = 400
SOURCES = [path for package in PACKAGES.values() for path in package.sources]
SCRIPTS = sorted((ROOT / "libs/common/src/codeforge_common/store/lua").glob("*.lua"))
LOCKS = ("requirements.txt", "requirements-dev.txt")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    """Every file that is, or would be, under version control."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_is_long_and_most_are_short() -> None:
    code = [path for path in tracked() if path.suffix in (".py", ".lua", ".ts", ".tsx")]
    lines = {shown(path): len(path.read_text().splitlines()) for path in code}

    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
    assert statistics.median(count for count in lines.values() if count > 1) <= 150


@pytest.mark.parametrize("word", ["utils", "util", "helpers", "helper", "manager", "base", "misc"])
def test_a_file_is_named_after_what_lives_there(word: str) -> None:
    assert [shown(path) for path in SOURCES if word in (path.stem, path.parent.name)] == []


def test_scripts_spell_no_state() -> None:
    """They get the states as arguments from the enum; a second spelling drifts."""
    state = "[\"'](?:{})[\"']".format("|".join(Status))
    spelled = re.compile(rf"[=~]=\s*{state}|{state}\s*[=~]=|[\"']status[\"']\s*[,=]\s*{state}")
    assert SCRIPTS
    assert [shown(path) for path in SCRIPTS if spelled.search(path.read_text())] == []


def test_nothing_happens_at_import() -> None:
    """Modules define; only an entry point acts. A call at the top of a file is one that nobody asked for."""
    acting = [
        f"{shown(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert acting == []


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_holds_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^[a-z0-9][a-z0-9._-]*==", text, re.MULTILINE)
    entries = re.split(r"\n(?=[a-z0-9])", text)

    assert len(pins) > 50
    assert [entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", text) == []


def test_the_lock_covers_what_packages_declare() -> None:
    pinned = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / LOCKS[0]).read_text(), re.MULTILINE))
    declared = {
        requirement.name.lower()
        for package in PACKAGES.values()
        for requirement in package.requirements
        if requirement.name not in PACKAGES
    }
    assert declared - pinned == set()
