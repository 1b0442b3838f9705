from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_worker.agent.edit.run import TooMuchOutput, run, succeed
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.git_repository import GitRepository


async def test_what_git_prints_and_how_it_ends(python: GitRepository) -> None:
    ended = await run("rev-parse", "--show-prefix", "HEAD", folder=python.path)
    assert (ended.code, len(ended.output.split())) == (0, 1)
    failed = await run("rev-parse", "--verify", "nothing", folder=python.path)
    assert failed.code == 128
    assert "fatal" in failed.said


async def test_what_it_says_is_heard_as_it_comes(python: GitRepository) -> None:
    heard: list[bytes] = []
    ended = await run("nonsense", folder=python.path, on_said=heard.append)
    assert b"".join(heard).decode() == ended.said != ""


async def test_too_much_output_ends_it(python: GitRepository) -> None:
    size = len((await run("ls-tree", "-r", "HEAD", folder=python.path)).output)
    assert len((await run("ls-tree", "-r", "HEAD", folder=python.path, output_bytes=size)).output) == size
    with pytest.raises(TooMuchOutput):
        await run("ls-tree", "-r", "HEAD", folder=python.path, output_bytes=size - 1)
    assert processes_below(python.path) == []


async def test_it_is_gone_when_its_time_is_over(python: GitRepository) -> None:
    with pytest.raises(TimeoutError):
        await run("cat-file", "--batch-check", "--follow-symlinks", "--help", folder=python.path, seconds=0)
    assert processes_below(python.path) == []


async def test_a_repository_further_up_is_not_found(python: GitRepository) -> None:
    ended = await run("rev-parse", "HEAD", folder=python.path / "engine")
    assert ended.code != 0


async def test_what_has_no_reason_to_fail_tells_no_path(python: GitRepository, tmp_path: Path) -> None:
    assert await succeed("rev-parse", "--is-bare-repository", folder=python.path) == b"false\n"
    with pytest.raises(RuntimeError) as failure:
        await succeed("rev-parse", "HEAD", folder=tmp_path)
    assert str(failure.value) == "git rev-parse ended with code 128"
