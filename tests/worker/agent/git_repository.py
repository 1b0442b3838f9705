"""A real git repository, made by a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/dev/null",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@dataclass(frozen=True, kw_only=True)
class GitRepository:
    """A work tree with its repository at ``path``."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> GitRepository:
        """A new one without a commit, on branch main."""
        path.mkdir(parents=True)
        repository = cls(path=path)
        repository.git("init", "--quiet", "--initial-branch=main", ".")
        return repository

    def commit(
        self, files: Mapping[str, str | bytes], *, author: str = "ada@example.org", when: str = "2026-01-02T03:04:05Z"
    ) -> str:
        """Writes the files, commits everything and returns the commit's id."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.git(
            "commit", "--quiet", "--allow-empty", "--message=change", f"--author=Author <{author}>", variables=dates
        )
        return self.git("rev-parse", "HEAD").decode().strip()

    def git(self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        """Runs git in it; the output."""
        environment = {**_ENVIRONMENT, **(variables or {})}
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.path, env=environment, input=stdin, check=True, capture_output=True
        ).stdout
