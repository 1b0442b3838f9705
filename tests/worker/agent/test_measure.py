from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codeforge_worker.agent import measure
from codeforge_worker.agent.report import report
from tests.worker.agent.git_repository import GitRepository

COMPLEX = "def branches(x):\n" + "".join(f"    if x == {n}:\n        return {n}\n" for n in range(9))


@pytest.fixture
def project(tmp_path: Path) -> GitRepository:
    return GitRepository.at(tmp_path / "project")


def facts(repository: GitRepository, **options: Any) -> dict[str, Any]:
    return measure.measure(repository.path / ".git", **options)


def test_all_facts_together(project: GitRepository) -> None:
    project.commit({"a.py": "x = 1\n", "LICENSE": "", "README.md": "# A", "requirements.txt": "rich\n"})
    project.commit({"a.py": COMPLEX + "# TODO less\n"})
    found = facts(project)
    assert (found["branch"], len(found["commit"])) == ("main", 40)
    assert found["files"]["count"] == 4
    assert found["languages"][0]["name"] == "Python"
    assert found["complexity"]["most"][0]["function"] == "branches"
    assert found["churn"][0]["path"] == "a.py"
    assert found["hotSpots"] == [{"path": "a.py", "complexity": 10, "commits": 1}]
    assert found["todos"]["count"] == 1
    assert found["dependencies"][0]["count"] == 1
    assert found["readme"]["state"] == "short"
    assert found["licence"] == [{"path": "LICENSE", "id": None}]


def test_a_commit_without_files(project: GitRepository) -> None:
    project.commit({})
    assert facts(project)["files"]["count"] == 0


def test_progress_rises_to_one(project: GitRepository) -> None:
    project.commit({f"{number}.py": "" for number in range(20)})
    shares: list[float] = []
    facts(project, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_files_over_the_limits_are_only_counted(project: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit({"large.py": "x = 1\n" * 100, "a.py": "x = 1\n", "b.py": "x = 2\n", "c.py": "x = 3\n"})
    project.commit({"c.py": "x = 4\n"})
    monkeypatch.setattr(measure, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(measure, "MAX_TOTAL_BYTES", 12)
    found = facts(project)
    assert (found["files"]["count"], found["files"]["unread"], found["files"]["lines"]) == (4, 2, 2)
    unread = {file["path"] for file in found["files"]["largest"] if not file["lines"]}
    assert unread == {"large.py", "b.py"}, "what changed last is read first"


def test_more_files_than_the_limit(project: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit({f"{number}.py": "" for number in range(20)})
    monkeypatch.setattr(measure, "MAX_FILES", 10)
    found = facts(project)
    assert (found["files"]["count"], found["tree"]["complete"]) == (10, False)


def test_result_and_report_stay_small_however_nasty_the_repository(project: GitRepository) -> None:
    name = "é`|*<b>" * 15
    function = "def " + "f" * 500 + "(a):\n" + "    if a:\n        pass\n" * 30
    todos = f"# TODO {'`|<script>' * 100}\n# FIXME {'x' * 1000}\n" * 100
    package = json.dumps({"dependencies": {f"{'d' * 300}{number}": "9" * 300 for number in range(200)}})
    headings = "".join(f"# {'h' * 300}\n" for _ in range(100))
    for change in range(2):
        files = {f"{name}{number}/{name}.py": f"x = {change}\n{function}{todos}" for number in range(60)}
        packages = {f"{name}{number}/package.json": package for number in range(30)}
        workflows = {f".github/workflows/{'w' * 150}{number}.yml": "" for number in range(30)}
        project.commit({**files, **packages, **workflows, "README.md": headings})
    found = facts(project)
    text = report(found, label="a/b")
    assert len(json.dumps(found)) < 512 * 1024
    assert len(text.encode()) < 64 * 1024
    assert "<script>" not in text.replace("`", "\x00").partition("\x00")[0]


def test_the_program_speaks_json_lines(project: GitRepository) -> None:
    project.commit({"a.py": "x = 1\n", "b.bin": bytes(100)})
    (project.path / os.fsdecode(b"caf\xe9.py")).write_bytes(b"# \xe9\r\n")
    project.commit({})
    command = [sys.executable, "-P", "-m", "codeforge_worker.agent.measure"]
    lines = subprocess.check_output(command, cwd=project.path / ".git").splitlines()
    *progress, last = map(json.loads, lines)
    assert all(0 < message["done"] <= 1 for message in progress)
    assert last["facts"]["files"]["count"] == 3
