"""A GitHub with one repository, ada/engine, whose owner's token is :data:`TOKEN`; bob's is :data:`BOBS_TOKEN`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codeforge_worker.agent.clone import clone
from codeforge_worker.agent.github.client import GitHub, github
from codeforge_worker.agent.github.destination import destination
from codeforge_worker.agent.github.publish import BranchEffect
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import FakeGitHub, serving_github
from tests.plugins.github_state import HostedRepository, run_git
from tests.worker.agent.git_repository import GitRepository

TOKEN = "ghp_adasverysecret"
BOBS_TOKEN = "ghp_bobsverysecret"
JOB = "job_0test"
BRANCH = f"codeforge/{JOB}"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeGitHub]:
    with serving_github(tmp_path / "github") as fake:
        fake.state.add_token(TOKEN, login="ada")
        fake.state.add_token(BOBS_TOKEN, login="bob")
        yield fake


@pytest.fixture
def settings(fake: FakeGitHub) -> AgentSettings:
    return AgentSettings(github_api_url=fake.api_url, github_server_url=fake.git.address)


@pytest.fixture
def engine(fake: FakeGitHub, repository: GitRepository) -> HostedRepository:
    """ada/engine, public."""
    return fake.state.add_repository("ada/engine", source=repository.path)


@pytest.fixture
async def adas(engine: HostedRepository, settings: AgentSettings) -> AsyncIterator[GitHub]:
    """GitHub as ada sees it."""
    async with github(token=TOKEN, settings=settings) as opened:
        yield opened


@pytest.fixture
async def bobs(engine: HostedRepository, settings: AgentSettings) -> AsyncIterator[GitHub]:
    """GitHub as bob sees it, who may push nowhere."""
    async with github(token=BOBS_TOKEN, settings=settings) as opened:
        yield opened


@pytest.fixture
async def folder(engine: HostedRepository, settings: AgentSettings, tmp_path: Path) -> Path:
    """A clone of ada/engine as a job makes it."""
    folder = tmp_path / "clone"
    folder.mkdir()
    await clone(parse("ada/engine", settings=settings), folder, branch=None, token=None, settings=settings)
    return folder


@pytest.fixture
def commit(folder: Path) -> str:
    """A commit in the clone that GitHub doesn't have."""
    return new_commit(folder)


def new_commit(folder: Path, *, message: str = "change", parent: str = "HEAD") -> str:
    """A commit on top of ``parent``."""
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return run_git(*author, "commit-tree", "HEAD^{tree}", "-p", parent, "-m", message, cwd=folder).strip()


async def branch_effect(
    github: GitHub, *, settings: AgentSettings, folder: Path, commit: str, token: str = TOKEN
) -> BranchEffect:
    """The push of a change of ada/engine."""

    async def clone_in() -> Path:
        return folder

    return BranchEffect(
        github=github,
        settings=settings,
        token=token,
        destination=await destination(github, "ada/engine"),
        clone=clone_in,
        commit=commit,
        branch=BRANCH,
    )
