"""A real git repository, made by the test, with something in it to find."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = '''"""A small program."""


def grade(points):
    # TODO: read the borders from a file
    if points > 90:
        return "A"
    elif points > 80:
        return "B"
    elif points > 70:
        return "C"
    return "D"
'''
AUTHOR = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))
}


def git(folder: Path, *arguments: str) -> str:
    """Runs git in ``folder``, apart from the person's own configuration."""
    environment = {**os.environ, **AUTHOR, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits: Python, JavaScript, a licence, a readme, a TODO and dependencies."""
    folder = tmp_path / "a repository"
    (folder / "src").mkdir(parents=True)
    (folder / "README.md").write_text("# Grades\n\nTurns points into grades.\n\n## Install\n\n    pip install grades\n")
    (folder / "LICENSE").write_text(
        "MIT License\n\nCopyright (c) 2026 Ann\n\nPermission is hereby granted, free of charge\n"
    )
    (folder / "src" / "grades.py").write_text(PROGRAM)
    (folder / "src" / "page.js").write_text("export const title = 'Grades';\n")
    (folder / "requirements.txt").write_text("requests==2.32.0\n")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    (folder / "src" / "grades.py").write_text(PROGRAM + "\n\nprint(grade(95))\n")
    git(folder, "commit", "--quiet", "--all", "--message", "Print one")
    return folder
