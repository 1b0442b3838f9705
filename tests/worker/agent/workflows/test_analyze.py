from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, Route
from codeforge_worker.agent.workflows import analyze
from codeforge_worker.settings import AgentSettings
from tests.plugins.waiting import wait_for
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.git_server import GitServer
from tests.worker.agent.job import Notes, job
from tests.worker.agent.tasks import task

ROUTE = Route(workflow=ANALYZE, reason="The message asks for it.", confidence=0.8)
TOKEN = "ghp_verysecret"


async def analysed(
    address: str, *, scratch: Path, notes: Notes, settings: AgentSettings, context: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    ctx = job(scratch, notes=notes, context={"repository": address, **(context or {})}, token=TOKEN)
    async with task(ctx, settings=settings, route=ROUTE) as made:
        return await analyze.run(made)


async def test_the_result(repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings) -> None:
    result = await analysed("ada/engine", scratch=scratch, notes=notes, settings=settings)
    assert result["workflow"] == "analyze"
    assert result["summary"] == "ada/engine: 2 files, 5 lines, mostly Python (100 %), no licence file."
    assert result["result"].startswith("# Analysis of `ada/engine`\n")
    assert (result["repository"], result["branch"]) == ("ada/engine", "main")
    assert result["route"] == {
        "reason": "The message asks for it.",
        "confidence": 0.8,
        "repository": "The request names it in context.repository.",
    }
    assert (result["diff"], result["files"], result["pullRequest"]) == (None, [], None)
    assert result["usage"]["calls"] == 0
    assert result["facts"]["files"]["count"] == 2
    assert json.loads(json.dumps(result)) == result


async def test_neither_token_nor_path_stands_in_result_or_log(
    repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings
) -> None:
    result = await analysed(str(repository.path), scratch=scratch, notes=notes, settings=settings)
    told = json.dumps(result) + repr(notes)
    assert TOKEN not in told
    assert str(scratch.parent) not in told


async def test_a_branch(repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"more.py": ""})
    context = {"branch": "other"}
    result = await analysed("ada/engine", scratch=scratch, notes=notes, settings=settings, context=context)
    assert (result["branch"], result["facts"]["files"]["count"]) == ("other", 3)


async def test_progress_never_falls_and_names_each_stage(
    repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings
) -> None:
    await analysed("ada/engine", scratch=scratch, notes=notes, settings=settings)
    assert notes.logs[1:] == ["Cloning repository...", "Processing files..."]
    assert notes.stages == ["Cloning repository", "Processing files", "Writing report"]
    percents = [percent for percent, _ in notes.progresses]
    assert percents == sorted(percents)
    assert 0 < percents[0] < percents[-1] < 100


async def test_a_refused_repository_starts_nothing(
    scratch: Path, notes: Notes, settings: AgentSettings, git_server: GitServer
) -> None:
    for address in ("--upload-pack=x", "ext::sh -c x", "ssh://x/y"):
        with pytest.raises(Fail, match="repository_refused"):
            await analysed(address, scratch=scratch, notes=notes, settings=settings)
    assert (notes.logs, git_server.authorizations) == ([], [])


async def test_a_failed_clone_leaves_no_folder(
    repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings
) -> None:
    with pytest.raises(Fail, match="repository_not_found"):
        await analysed("ada/nothing", scratch=scratch, notes=notes, settings=settings)
    assert list(scratch.iterdir()) == []


async def test_cancelling_while_it_clones_leaves_no_folder_and_no_process(
    repository: GitRepository, scratch: Path, notes: Notes, settings: AgentSettings, git_server: GitServer
) -> None:
    git_server.silent = True
    running = asyncio.create_task(analysed("ada/engine", scratch=scratch, notes=notes, settings=settings))
    await wait_for(git_server.waiting.is_set, within=10, what="git's request")
    assert processes_below(scratch)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert processes_below(scratch) == []
    assert list(scratch.iterdir()) == []
