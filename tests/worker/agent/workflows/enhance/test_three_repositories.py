"""The diff of a result applies, whatever the repository holds: Python, TypeScript, and a mixed one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.agent.edit.three_repositories import mixed, python, typescript
from tests.worker.agent.fake_model import FakeModel, says
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.workflows.enhance.conftest import PLAN, Job

Call = tuple[str, dict[str, Any]]


def write(path: str, content: str) -> Call:
    return "write", {"path": path, "content": content}


def replace(path: str, old: str, new: str) -> Call:
    return "replace", {"path": path, "old": old, "new": new}


@pytest.mark.parametrize(
    ("make", "calls"),
    [
        (python, [replace("engine/count.py", "n + 1", "n + 2"), write("engine/more.py", "x = 1\n")]),
        (typescript, [replace("src/App.tsx", "Hello", "Xin chào"), write("src/new.ts", "export const x = 1;\n")]),
        (
            mixed,
            [
                write("README.md", "# Versace\n\nTrang giới thiệu.\n"),
                replace("tài liệu/giới thiệu.md", "chúng tôi", "tất cả chúng tôi"),
                replace("legacy/café.txt", "2 francs", "3 francs"),
                replace("legacy/strings.txt", "World", "Welt"),
                replace("run.bat", "hello", "xin chao"),
            ],
        ),
    ],
    ids=["python", "typescript", "mixed"],
)
async def test_the_diff_applies(
    make: Callable[[Path], GitRepository], calls: list[Call], a_job: Job, tmp_path: Path
) -> None:
    repository = make(tmp_path / "project")
    model = FakeModel(says("", *calls), says("Done."), outputs=[PLAN])
    context = {"repository": str(repository.path)}
    result = await a_job.attempt(model, message="Change it", token=None, context=context)
    assert len(result["files"]) == len(calls)
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "-c", "core.attributesFile=/dev/null", "clone", "--quiet", str(repository.path), str(clone)], check=True
    )
    subprocess.run(["git", "apply", "--check", "-"], cwd=clone, input=result["diff"].encode(), check=True)
