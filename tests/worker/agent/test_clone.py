"""Cloning for real: from disk, and over HTTP from a server that may do anything."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.clone import DEPTH, clone
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
from tests.plugins.waiting import wait_for, wait_until
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.git_server import GitServer

TOKEN = "ghp_verysecret"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty one to clone into. After the test no process works there."""
    folder = tmp_path / "clone"
    folder.mkdir()
    yield folder
    assert processes_below(folder) == []


async def clone_of(
    address: str, folder: Path, *, settings: AgentSettings, branch: str | None = None, token: str | None = None
) -> list[float]:
    """Clones and returns the reported progress."""
    shares: list[float] = []
    repository = parse(address, settings=settings)
    await clone(repository, folder, branch=branch, token=token, settings=settings, on_progress=shares.append)
    return shares


async def failure_of(address: str, folder: Path, **options: object) -> Fail | Retry:
    """How cloning fails; no word of it may hold the token or a path of this machine."""
    with pytest.raises((Fail, Retry)) as failure:
        await clone_of(address, folder, **options)  # type: ignore[arg-type]
    assert TOKEN not in str(failure.value)
    assert str(folder.parent) not in str(failure.value)
    assert isinstance(failure.value, Fail | Retry)
    return failure.value


def incompressible(repository: GitRepository, *, megabytes: int) -> None:
    repository.commit({"noise.bin": os.urandom(megabytes * 1024 * 1024)})


def head(folder: Path) -> str:
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=folder, text=True).strip()


@pytest.mark.parametrize("over", ["path", "file", "http"])
async def test_a_clone_is_bare_and_holds_the_newest_commit(
    over: str, repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    newest = repository.commit({"second.py": "x = 2\n"})
    addresses = {"path": str(repository.path), "file": f"file://{repository.path}", "http": "ada/engine"}
    shares = await clone_of(addresses[over], folder, settings=settings)
    assert head(folder) == newest
    assert not (folder / "second.py").exists()
    assert shares
    assert all(0 <= share <= 1 for share in shares)


async def test_a_clone_is_shallow_but_remembers_enough(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    commits = "".join(
        f"commit refs/heads/long\ncommitter A <a@b> {number} +0000\ndata 0\n\n" for number in range(1, DEPTH + 50)
    )
    repository.git("fast-import", "--quiet", stdin=commits.encode())
    await clone_of(str(repository.path), folder, settings=settings, branch="long")
    count = subprocess.check_output(["git", "rev-list", "--count", "HEAD"], cwd=folder)
    assert int(count) == DEPTH


async def test_a_branch_can_be_named(repository: GitRepository, folder: Path, settings: AgentSettings) -> None:
    main = repository.git("rev-parse", "HEAD").decode().strip()
    repository.git("checkout", "--quiet", "-b", "feature/x")
    other = repository.commit({"x": "x"})
    repository.git("checkout", "--quiet", "main")
    await clone_of("ada/engine", folder, settings=settings, branch="feature/x")
    assert head(folder) == other != main


async def test_a_repository_of_another_user_of_the_machine_can_be_cloned(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    for path in (repository.path, *repository.path.rglob("*")):
        os.chown(path, 65534, 65534)
    await clone_of(str(repository.path), folder, settings=settings)


async def test_the_token_opens_a_private_repository_and_lies_nowhere(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.token = TOKEN
    await clone_of("ada/engine", folder, settings=settings, token=TOKEN)
    assert all(git_server.authorizations)
    texts = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not any(TOKEN.encode() in text or b"Basic" in text for text in texts)


async def test_the_token_stands_in_no_command_line(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.silent = True
    task = asyncio.create_task(clone_of("ada/engine", folder, settings=settings, token=TOKEN))
    await wait_for(git_server.waiting.is_set, within=10, what="git's request")
    lines = [" ".join(process.cmdline()) for process in processes_below(folder)]
    assert any("ada/engine" in line for line in lines)
    secret = git_server.authorizations[0]
    assert secret is not None
    assert not any(TOKEN in line or secret.split()[1] in line for line in lines)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("address", ["ada/nothing", "/nonexistent/place"])
async def test_a_repository_that_does_not_exist(
    address: str, repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    failure = await failure_of(address, folder, settings=settings)
    assert isinstance(failure, Fail)
    assert failure.code == "repository_not_found"


async def test_an_empty_repository(tmp_path: Path, folder: Path, settings: AgentSettings) -> None:
    GitRepository.at(tmp_path / "server" / "ada" / "void")
    failure = await failure_of("ada/void", folder, settings=settings)
    assert str(failure) == "repository_empty: ada/void is empty: its default branch has no commit."


async def test_a_branch_that_does_not_exist(repository: GitRepository, folder: Path, settings: AgentSettings) -> None:
    failure = await failure_of("ada/engine", folder, settings=settings, branch="nowhere")
    assert str(failure) == "branch_not_found: ada/engine has no branch nowhere."


@pytest.mark.parametrize(
    "branch", ["--upload-pack=x", "-b", "a b", "a..b", "a:b", "x\n", "@{u}", "a.lock", "a" * 256, "^x"]
)
async def test_a_hostile_branch_is_refused(
    branch: str, repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    failure = await failure_of("ada/engine", folder, settings=settings, branch=branch)
    assert isinstance(failure, Fail)
    assert failure.code == "branch_refused"
    assert git_server.authorizations == []


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (None, "ada/engine doesn't exist, or is private and needs a token (githubContext.token)."),
        ("ghp_wrong", "The server refused the token for ada/engine."),
    ],
)
async def test_a_server_that_wants_another_password(
    token: str | None,
    sentence: str,
    repository: GitRepository,
    folder: Path,
    git_server: GitServer,
    settings: AgentSettings,
) -> None:
    git_server.token = TOKEN
    failure = await failure_of("ada/engine", folder, settings=settings, token=token)
    assert str(failure) == f"repository_needs_credentials: {sentence}"


async def test_a_token_is_not_carried_to_where_a_server_redirects(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.status, git_server.location = 301, f"{git_server.address}/ada/elsewhere.git/info/refs"
    failure = await failure_of("ada/engine", folder, settings=settings, token=TOKEN)
    assert str(failure) == "repository_moved: ada/engine has moved; name its present address."
    assert len(git_server.authorizations) == 1


@pytest.mark.parametrize(("status", "code"), [(403, "repository_forbidden"), (404, "repository_not_found")])
async def test_a_server_that_refuses(
    status: int, code: str, repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.status = status
    failure = await failure_of("ada/engine", folder, settings=settings)
    assert isinstance(failure, Fail)
    assert failure.code == code


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_tried_again(
    status: int, repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    git_server.status = status
    assert isinstance(await failure_of("ada/engine", folder, settings=settings), Retry)


async def test_a_connection_that_breaks_is_tried_again(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=1)
    git_server.cuts_after = 300_000
    assert isinstance(await failure_of("ada/engine", folder, settings=settings), Retry)


async def test_a_server_that_cannot_be_reached_is_tried_again(
    tmp_path: Path, folder: Path, unused_tcp_port: int
) -> None:
    settings = AgentSettings(github_server_url=f"http://127.0.0.1:{unused_tcp_port}")
    assert isinstance(await failure_of("ada/engine", folder, settings=settings), Retry)


async def test_a_repository_over_the_size_limit_is_stopped_on_its_way(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=3)
    # The rest never comes: only somebody who looks while it arrives can end this.
    git_server.stops_after = 2_000_000
    limited = settings.model_copy(update={"agent_clone_max_bytes": 1024 * 1024})
    failure = await failure_of("ada/engine", folder, settings=limited)
    assert str(failure) == "repository_too_large: ada/engine is larger than the 1 MiB allowed."


async def test_a_repository_that_comes_too_fast_to_be_stopped_is_too_large_all_the_same(
    repository: GitRepository, folder: Path, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=2)
    limited = settings.model_copy(update={"agent_clone_max_bytes": 1024 * 1024})
    failure = await failure_of("ada/engine", folder, settings=limited)
    assert isinstance(failure, Fail)
    assert failure.code == "repository_too_large"


@pytest.mark.parametrize("stage", ["silent", "half"])
async def test_a_server_that_goes_silent(
    stage: str, repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=1)
    git_server.silent, git_server.stops_after = stage == "silent", 300_000
    limited = settings.model_copy(update={"agent_clone_timeout_seconds": 1})
    failure = await failure_of("ada/engine", folder, settings=limited)
    assert str(failure) == "repository_too_slow: Cloning ada/engine took longer than the 1 seconds allowed."


async def test_a_machine_without_git(
    repository: GitRepository, folder: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    failure = await failure_of("ada/engine", folder, settings=settings)
    assert isinstance(failure, Fail)
    assert failure.code == "git_missing"


async def test_cancelling_in_the_middle_leaves_no_process(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=1)
    git_server.stops_after = 300_000
    task = asyncio.create_task(clone_of("ada/engine", folder, settings=settings))
    await wait_for(git_server.waiting.is_set, within=10, what="half of the pack")
    assert {"git-remote-http", "git"} <= {process.name() for process in processes_below(folder)}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes_below(folder) == []


async def test_a_guard_that_is_killed_while_git_clones_leaves_nothing_behind(
    repository: GitRepository, folder: Path, git_server: GitServer, settings: AgentSettings
) -> None:
    incompressible(repository, megabytes=1)
    git_server.stops_after = 300_000
    task = asyncio.create_task(failure_of("ada/engine", folder, settings=settings))
    await wait_for(git_server.waiting.is_set, within=20, what="half of the pack")
    await wait_for(lambda: len(processes_below(folder)) >= 3, within=10, what="git's helpers")
    (guard,) = (process for process in processes_below(folder) if process.ppid() == os.getpid())
    guard.kill()
    failure = await asyncio.wait_for(task, 1)
    assert isinstance(failure, Retry)
    assert str(failure) == "Cloning ada/engine was ended by the system, perhaps for want of memory."
    assert processes_below(folder) == []


def test_nothing_is_left_a_second_after_the_worker_was_killed_while_it_cloned(
    repository: GitRepository, folder: Path, git_server: GitServer
) -> None:
    incompressible(repository, megabytes=1)
    git_server.stops_after = 300_000
    worker = subprocess.Popen([sys.executable, "-c", WORKER, git_server.address, str(folder)])
    wait_until(git_server.waiting.is_set, within=20, what="half of the pack")
    wait_until(lambda: len(processes_below(folder)) >= 3, within=10, what="git's helpers")
    os.kill(worker.pid, signal.SIGKILL)
    killed = time.monotonic()
    worker.wait()
    wait_until(lambda: processes_below(folder) == [], within=5, what="the end of git and its helpers")
    assert time.monotonic() - killed < 1


WORKER = """
import asyncio, sys
from pathlib import Path
from codeforge_worker.agent.clone import clone
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
address, folder = sys.argv[1:]
settings = AgentSettings(github_server_url=address)
repository = parse("ada/engine", settings=settings)
asyncio.run(clone(repository, Path(folder), branch=None, token=None, settings=settings))
"""
