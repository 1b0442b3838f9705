"""One commit over HTTP from a server that may do anything; it knows git's first protocol only, which gives branches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.edit.fetch import fetch
from codeforge_worker.agent.edit.run import succeed
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.edit.workbench import TOKEN, head
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.git_server import GitServer


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    await succeed("init", "--quiet", "--template=", folder=folder)
    return folder


async def fetched(
    commit: str, folder: Path, *, settings: AgentSettings, branch: str | None = None, token: str | None = None
) -> int:
    """Fetches from ada/engine; how many commits are there then."""
    repository = parse("ada/engine", settings=settings)
    await fetch(repository, folder, commit=commit, branch=branch, token=token, settings=settings)
    return int(subprocess.check_output(["git", "rev-list", "--count", commit], cwd=folder))


async def failure(commit: str, folder: Path, **options: object) -> Fail | Retry:
    with pytest.raises((Fail, Retry)) as raised:
        await fetched(commit, folder, **options)  # type: ignore[arg-type]
    assert processes_below(folder) == []
    assert str(folder) not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert isinstance(raised.value, Fail | Retry)
    return raised.value


async def test_the_newest_commit_comes_alone(repository: GitRepository, folder: Path, settings: AgentSettings) -> None:
    repository.commit({"a": "a"})
    assert await fetched(head(repository), folder, settings=settings) == 1


async def test_an_older_one_comes_with_its_branch(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    base = head(repository)
    repository.git("checkout", "--quiet", "-b", "feature/x")
    other = repository.commit({"a": "a"})
    repository.commit({"b": "b"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"c": "c"})
    assert await fetched(base, folder, settings=settings) == 1
    assert await fetched(other, folder, settings=settings, branch="feature/x") == 2


async def test_one_below_a_long_history_comes_all_the_same(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    base = head(repository)
    commits = "".join(
        f"commit refs/heads/main\ncommitter A <a@b> {number} +0000\ndata 0\n\n{'from ' + base if number == 1 else ''}\n"
        for number in range(1, 250)
    )
    repository.git("fast-import", "--quiet", "--force", stdin=commits.encode())
    assert await fetched(base, folder, settings=settings) == 1


@pytest.mark.parametrize("branch", [None, "main", "gone"])
async def test_one_that_is_gone_is_a_clear_failure(
    branch: str | None, repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    found = await failure("1" * 40, folder, settings=settings, branch=branch)
    assert isinstance(found, Fail)
    assert found.code == "base_gone"


async def test_the_token_opens_its_server_and_lies_nowhere(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.token = TOKEN
    await fetched(head(repository), folder, settings=settings, token=TOKEN)
    assert all(git_server.authorizations)
    texts = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not any(TOKEN.encode() in text or b"Basic" in text for text in texts)
    refused = await failure(head(repository), folder, settings=settings, token="another")
    assert isinstance(refused, Fail)
    assert refused.code == "repository_needs_credentials"


async def test_the_token_is_for_no_other_server(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    address = parse("ada/engine", settings=settings).url
    elsewhere = Repository(url=address, label="elsewhere", protocol="http", takes_token=False)
    await fetch(elsewhere, folder, commit=head(repository), branch=None, token=TOKEN, settings=settings)
    assert set(git_server.authorizations) == {None}


async def test_a_server_that_fails_is_asked_again_later(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.status = 503
    assert isinstance(await failure(head(repository), folder, settings=settings), Retry)


async def test_a_server_that_says_nothing_is_left(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.silent = True
    short = settings.model_copy(update={"agent_clone_timeout_seconds": 1.0})
    found = await failure(head(repository), folder, settings=short)
    assert isinstance(found, Fail)
    assert found.code == "repository_too_slow"


async def test_what_is_larger_than_allowed_is_given_up(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    repository.commit({"noise.bin": os.urandom(3 * 1024 * 1024)})
    small = settings.model_copy(update={"agent_clone_max_bytes": 1024 * 1024})
    found = await failure(head(repository), folder, settings=small)
    assert isinstance(found, Fail)
    assert found.code == "repository_too_large"
