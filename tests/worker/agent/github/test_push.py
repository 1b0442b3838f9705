"""Pushing for real, to git's own server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.clone import DEPTH, clone
from codeforge_worker.agent.github.push import push
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
from tests.plugins.git_server import Refusal, Visit, hook
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository
from tests.plugins.ports import free_port
from tests.plugins.waiting import wait_for
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.github.conftest import BOBS_TOKEN, BRANCH, TOKEN, new_commit


async def pushed(
    folder: Path,
    commit: str,
    *,
    settings: AgentSettings,
    name: str = "ada/engine",
    token: str = TOKEN,
    branch: str = BRANCH,
    default: str = "main",
) -> None:
    repository = parse(name, settings=settings)
    server = settings.github_server_url
    await push(folder, commit=commit, branch=branch, default=default, repository=repository, token=token, server=server)


async def failure_of(folder: Path, commit: str, *, token: str = TOKEN, **options: object) -> Fail | Retry:
    """How pushing fails; no word of it may hold the token or a path of this machine."""
    with pytest.raises((Fail, Retry)) as failure:
        await pushed(folder, commit, token=token, **options)  # type: ignore[arg-type]
    assert token not in str(failure.value)
    assert str(folder.parent) not in str(failure.value)
    assert isinstance(failure.value, Fail | Retry)
    return failure.value


async def code_of(folder: Path, commit: str, *, token: str = TOKEN, **options: object) -> str:
    failure = await failure_of(folder, commit, token=token, **options)
    assert isinstance(failure, Fail)
    return failure.code


async def test_a_commit_comes_to_its_branch_and_nothing_else_moves(
    folder: Path, commit: str, engine: HostedRepository, settings: AgentSettings
) -> None:
    main = engine.tip("main")
    await pushed(folder, commit, settings=settings)
    assert engine.branches() == {"main": main, BRANCH: commit}


async def test_a_change_of_megabytes_comes_in_chunks(
    folder: Path, engine: HostedRepository, settings: AgentSettings, repository: GitRepository
) -> None:
    noise = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(800_000))
    commit = repository.commit({"noise.txt": noise})
    await pushed(repository.path, commit, settings=settings)
    assert engine.tip(BRANCH) == commit


@pytest.mark.parametrize(
    ("branch", "default"),
    [("main", "main"), ("main", "trunk"), (BRANCH, BRANCH), ("codeforge/../main", "main"), ("codeforge/", "main")],
)
async def test_nothing_is_ever_pushed_to_another_branch(
    branch: str,
    default: str,
    folder: Path,
    commit: str,
    engine: HostedRepository,
    fake: FakeGitHub,
    settings: AgentSettings,
) -> None:
    with pytest.raises(ValueError, match="nothing is pushed to"):
        await pushed(folder, commit, branch=branch, default=default, settings=settings)
    assert fake.git.pushes == 0


@pytest.mark.parametrize("commit", ["main", "HEAD", "--delete", "+main", "abc", ""])
async def test_a_commit_is_named_by_its_id(
    commit: str, folder: Path, fake: FakeGitHub, settings: AgentSettings
) -> None:
    with pytest.raises(ValueError, match="whole id"):
        await pushed(folder, commit, settings=settings)
    assert fake.git.pushes == 0


async def test_what_is_on_the_branch_is_neither_overwritten_nor_continued(
    folder: Path, commit: str, engine: HostedRepository, settings: AgentSettings
) -> None:
    await pushed(folder, commit, settings=settings)
    for other in (new_commit(folder, message="another"), new_commit(folder, parent=commit)):
        assert await code_of(folder, other, settings=settings) == "branch_conflict"
    assert engine.tip(BRANCH) == commit


async def test_a_branch_that_is_in_the_way_of_the_name(
    folder: Path, commit: str, engine: HostedRepository, repository: GitRepository, settings: AgentSettings
) -> None:
    repository.git("push", "--quiet", str(engine.path), "main:codeforge")
    assert await code_of(folder, commit, settings=settings) == "branch_conflict"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            f"error: GH006: Protected branch update failed for refs/heads/{BRANCH}.\n"
            "error: Changes must be made through a pull request.",
            f"The branch {BRANCH} of ada/engine is protected and takes no push."
            " It says: Changes must be made through a pull request.",
        ),
        (
            f"error: GH013: Repository rule violations found for refs/heads/{BRANCH}.\n"
            "Review all repository rules at https://github.com/ada/engine/rules\n\n"
            "- Cannot create ref due to creations being restricted.",
            f"The rules of ada/engine refuse the branch {BRANCH}."
            " It says: Cannot create ref due to creations being restricted.",
        ),
    ],
)
async def test_a_protected_branch(
    said: str, sentence: str, folder: Path, commit: str, engine: HostedRepository, settings: AgentSettings
) -> None:
    hook(engine.path, refuses="refs/heads/codeforge/*", said=said)
    assert str(await failure_of(folder, commit, settings=settings)) == f"branch_protected: {sentence}"
    assert engine.tip(BRANCH) is None


async def test_a_server_that_repeats_the_token(
    folder: Path, commit: str, engine: HostedRepository, settings: AgentSettings
) -> None:
    hook(engine.path, refuses="refs/heads/*", said=f"error: GH006: No.\nerror: Who is {TOKEN}?")
    assert "Who is [redacted]?" in str(await failure_of(folder, commit, settings=settings))


@pytest.mark.parametrize(("behind", "code"), [(DEPTH - 1, None), (DEPTH + 50, "fork_outdated")])
async def test_a_fork_that_is_behind_takes_what_the_clone_has(
    behind: int,
    code: str | None,
    engine: HostedRepository,
    repository: GitRepository,
    fake: FakeGitHub,
    settings: AgentSettings,
    tmp_path: Path,
) -> None:
    fork = fake.state.fork(engine, owner="bob")
    base = repository.git("rev-parse", "HEAD").decode().strip()
    commits = "".join(
        f"commit refs/heads/main\ncommitter A <a@b> {number} +0000\ndata 0\n\n"
        + (f"from {base}\n\n" if number == 1 else "")
        for number in range(1, behind + 1)
    )
    repository.git("fast-import", "--quiet", stdin=commits.encode())
    repository.git("push", "--quiet", str(engine.path), "main")
    folder = tmp_path / "clone"
    folder.mkdir()
    await clone(parse("ada/engine", settings=settings), folder, branch=None, token=None, settings=settings)
    commit, options = new_commit(folder), {"name": "bob/engine", "token": BOBS_TOKEN, "settings": settings}
    if code is None:
        await pushed(folder, commit, **options)  # type: ignore[arg-type]
        assert fork.tip(BRANCH) == commit
    else:
        assert await code_of(folder, commit, **options) == code  # type: ignore[arg-type]


async def test_an_archived_repository(
    folder: Path, commit: str, engine: HostedRepository, settings: AgentSettings
) -> None:
    engine.archived = True
    assert await code_of(folder, commit, settings=settings) == "repository_archived"


async def test_a_repository_that_is_not_there(folder: Path, commit: str, settings: AgentSettings) -> None:
    assert await code_of(folder, commit, name="ada/nothing", settings=settings) == "repository_not_found"


@pytest.mark.parametrize("scopes", [("gist",), None])
async def test_a_token_that_may_only_read(
    scopes: tuple[str, ...] | None, folder: Path, commit: str, fake: FakeGitHub, settings: AgentSettings
) -> None:
    fake.state.add_token("ghp_reader", login="ada", scopes=scopes, writes=False)
    assert await code_of(folder, commit, token="ghp_reader", settings=settings) == "github_scope_missing"


async def test_somebody_who_may_not_push(folder: Path, commit: str, settings: AgentSettings) -> None:
    assert await code_of(folder, commit, token=BOBS_TOKEN, settings=settings) == "github_scope_missing"


async def test_a_token_that_is_refused(folder: Path, commit: str, settings: AgentSettings) -> None:
    assert await code_of(folder, commit, token="ghp_wrong", settings=settings) == "github_token_refused"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble(
    status: int, folder: Path, commit: str, fake: FakeGitHub, settings: AgentSettings
) -> None:
    fake.git.door = lambda visit: Refusal(status=status)
    assert isinstance(await failure_of(folder, commit, settings=settings), Retry)


async def test_a_server_that_cannot_be_reached(folder: Path, commit: str) -> None:
    settings = AgentSettings(github_server_url=f"http://127.0.0.1:{free_port()}")
    assert isinstance(await failure_of(folder, commit, settings=settings), Retry)


async def test_a_machine_without_git(
    folder: Path, commit: str, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert await code_of(folder, commit, settings=settings) == "git_missing"


async def test_the_token_stands_in_no_command_line_and_lies_nowhere(
    folder: Path, commit: str, fake: FakeGitHub, settings: AgentSettings
) -> None:
    lines: list[str] = []

    def door(visit: Visit) -> Refusal | None:
        lines.extend(" ".join(process.cmdline()) for process in processes_below(folder))
        return fake.state.door(visit)

    fake.git.door = door
    await pushed(folder, commit, settings=settings)
    secret = fake.git.authorizations[-1]
    assert secret is not None
    files = [file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()]
    assert any("git push" in line for line in lines)
    assert any("[core]" in file for file in files)
    assert not any(word in text for word in (TOKEN, secret.split()[1]) for text in lines + files)


async def test_the_token_is_not_carried_to_where_a_server_redirects(
    folder: Path, commit: str, fake: FakeGitHub, settings: AgentSettings
) -> None:
    fake.git.door = lambda visit: Refusal(status=301, location=f"{fake.git.address}/ada/mill.git/info/refs")
    seen = len(fake.git.authorizations)
    assert await code_of(folder, commit, settings=settings) == "repository_moved"
    assert len(fake.git.authorizations) == seen + 1


async def test_cancelling_in_the_middle_leaves_no_process(
    folder: Path, commit: str, fake: FakeGitHub, settings: AgentSettings
) -> None:
    came, goes_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def door(visit: Visit) -> Refusal | None:
        loop.call_soon_threadsafe(came.set)
        asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result(timeout=50)
        return Refusal(status=503)

    fake.git.door = door
    task = asyncio.create_task(pushed(folder, commit, settings=settings))
    await wait_for(came.is_set, within=30, what="git's request")
    assert processes_below(folder)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes_below(folder) == []
    goes_on.set()
