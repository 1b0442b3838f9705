from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.edit.base_commit import Base, base_of
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import serving_github
from tests.worker.agent.git_repository import GitRepository

TOKEN = "ghp_adasverysecret"


async def base(address: str, folder: Path, *, settings: AgentSettings, branch: str | None = None) -> Base:
    repository = parse(address, settings=settings)
    return await base_of(repository, branch=branch, token=None, settings=settings, folder=folder)


async def test_where_the_default_branch_stands(
    repository: GitRepository, scratch: Path, settings: AgentSettings
) -> None:
    tip = repository.git("rev-parse", "HEAD").decode().strip()
    assert await base("ada/engine", scratch, settings=settings) == Base(commit=tip, branch="main")


async def test_where_another_branch_stands(repository: GitRepository, scratch: Path, settings: AgentSettings) -> None:
    repository.git("checkout", "--quiet", "-b", "feature/x")
    tip = repository.commit({"more.py": ""})
    repository.git("checkout", "--quiet", "main")
    found = await base(str(repository.path), scratch, settings=settings, branch="feature/x")
    assert found == Base(commit=tip, branch="feature/x")


@pytest.mark.parametrize(
    ("branch", "code"),
    [("nothing", "branch_not_found"), ("--upload-pack=id", "branch_refused"), ("a..b", "branch_refused")],
)
async def test_no_such_branch(
    branch: str, code: str, repository: GitRepository, scratch: Path, settings: AgentSettings
) -> None:
    with pytest.raises(Fail, match=code):
        await base("ada/engine", scratch, settings=settings, branch=branch)


async def test_an_empty_repository(tmp_path: Path, scratch: Path, settings: AgentSettings) -> None:
    empty = GitRepository.at(tmp_path / "empty")
    with pytest.raises(Fail, match="repository_empty"):
        await base(str(empty.path), scratch, settings=settings)


async def test_no_such_repository(repository: GitRepository, scratch: Path, settings: AgentSettings) -> None:
    with pytest.raises(Fail, match="repository_not_found"):
        await base("ada/nothing", scratch, settings=settings)


async def test_a_server_that_is_away(scratch: Path) -> None:
    settings = AgentSettings(github_server_url="http://127.0.0.1:9")
    with pytest.raises(Retry):
        await base("ada/engine", scratch, settings=settings)


async def test_a_private_one_wants_the_token(repository: GitRepository, tmp_path: Path, scratch: Path) -> None:
    with serving_github(tmp_path / "github") as fake:
        fake.state.add_token(TOKEN, login="ada")
        hosted = fake.state.add_repository("ada/engine", source=repository.path, private=True)
        settings = AgentSettings(github_api_url=fake.api_url, github_server_url=fake.git.address)
        with pytest.raises(Fail, match="repository_needs_credentials"):
            await base("ada/engine", scratch, settings=settings)
        found = await base_of(
            parse("ada/engine", settings=settings), branch=None, token=TOKEN, settings=settings, folder=scratch
        )
        assert found == Base(commit=hosted.tip("main") or "", branch="main")
