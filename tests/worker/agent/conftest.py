"""Repositories, servers and jobs for the agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from codeforge_worker.settings import AgentSettings
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.git_server import GitServer, serving
from tests.worker.agent.job import Notes


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A small project with one commit, named ada/engine on the server."""
    repository = GitRepository.at(tmp_path / "server" / "ada" / "engine")
    repository.commit({"README.md": "# Engine\n\nIt counts.\n", "engine.py": "def count(n):\n    return n + 1\n"})
    return repository


@pytest.fixture
def git_server(repository: GitRepository, tmp_path: Path) -> Iterator[GitServer]:
    with serving(GitServer(root=tmp_path / "server")) as server:
        yield server


@pytest.fixture
def settings(git_server: GitServer) -> AgentSettings:
    """``owner/name`` is on the test's own server, and local repositories are allowed."""
    return AgentSettings(github_server_url=git_server.address, agent_allow_local_repositories=True)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Where workspaces are made. After the test nothing lies there and no process works there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_below(folder) == []


def processes_below(folder: Path) -> list[psutil.Process]:
    """Processes whose working folder is ``folder`` or below it: git, its helpers, what measures."""
    found = []
    for process in psutil.process_iter():
        try:
            cwd = process.cwd()
        except psutil.Error:
            continue
        if cwd.removesuffix(" (deleted)").startswith(str(folder)):
            found.append(process)
    return found
