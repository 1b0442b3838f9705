"""The two effects, as a job runs them: once, again, after a crash, and where somebody else was there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.github.client import GitHub
from codeforge_worker.agent.github.publish import BranchEffect, PullRequestEffect
from codeforge_worker.settings import AgentSettings
from tests.plugins.git_server import hook
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository
from tests.worker.agent.github.conftest import BOBS_TOKEN, BRANCH, TOKEN, branch_effect, new_commit
from tests.worker.agent.job import Notes, job

OPENING = "POST /repos/ada/engine/pulls"
FORKING = "POST /repos/ada/engine/forks"


async def published(branch: BranchEffect, scratch: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the two effects return to a job that has finished neither."""
    ctx = job(scratch, notes=Notes())
    pushed = await ctx.effect("push", branch.look, branch.make)
    opening = PullRequestEffect(
        github=branch.github,
        destination=branch.destination,
        pushed=pushed,
        title="Say it in\nVietnamese",
        body="By request.",
    )
    return pushed, await ctx.effect("pull-request", opening.look, opening.make)


@pytest.fixture
async def adas_branch(adas: GitHub, settings: AgentSettings, folder: Path, commit: str) -> BranchEffect:
    return await branch_effect(adas, settings=settings, folder=folder, commit=commit)


@pytest.fixture
async def bobs_branch(bobs: GitHub, settings: AgentSettings, folder: Path, commit: str) -> BranchEffect:
    return await branch_effect(bobs, settings=settings, folder=folder, commit=commit, token=BOBS_TOKEN)


async def test_a_change_becomes_a_pull_request(
    adas_branch: BranchEffect, scratch: Path, commit: str, engine: HostedRepository, fake: FakeGitHub
) -> None:
    pushed, opened = await published(adas_branch, scratch)
    assert pushed == {"repository": "ada/engine", "branch": BRANCH, "commit": commit, "fork": None}
    assert opened == {
        "number": 1,
        "url": f"{fake.git.address}/ada/engine/pull/1",
        "state": "open",
        "branch": BRANCH,
        "head": commit,
        "base": "main",
        "fork": None,
    }
    assert engine.tip(BRANCH) == commit
    (pull_request,) = fake.state.pull_requests
    assert (pull_request.title, pull_request.body) == ("Say it in Vietnamese", "By request.")


async def test_it_may_be_run_again_at_any_time(adas_branch: BranchEffect, scratch: Path, fake: FakeGitHub) -> None:
    first = await published(adas_branch, scratch)
    assert await published(adas_branch, scratch) == first
    assert (fake.git.pushes, fake.count(OPENING)) == (1, 1)


@pytest.mark.parametrize("state", ["closed", "open"])
async def test_a_pull_request_that_is_closed_stays_the_jobs(
    state: str, adas_branch: BranchEffect, scratch: Path, fake: FakeGitHub
) -> None:
    first = await published(adas_branch, scratch)
    fake.state.pull_requests[0].state = state
    pushed, found = await published(adas_branch, scratch)
    assert (pushed, found) == (first[0], {**first[1], "state": state})
    assert fake.count(OPENING) == 1


async def test_a_pull_request_whose_answer_was_lost_is_found(
    adas_branch: BranchEffect, scratch: Path, fake: FakeGitHub
) -> None:
    fake.loses_answers(calls=OPENING)
    with pytest.raises(Retry, match="can't be reached to open a pull request"):
        await published(adas_branch, scratch)
    _, opened = await published(adas_branch, scratch)
    assert opened["number"] == 1
    assert len(fake.state.pull_requests) == 1
    assert (fake.git.pushes, fake.count(OPENING)) == (1, 1)


async def test_a_pull_request_that_github_lists_late_is_not_opened_twice(
    adas_branch: BranchEffect, scratch: Path, fake: FakeGitHub
) -> None:
    pushed, opened = await published(adas_branch, scratch)
    again = PullRequestEffect(
        github=adas_branch.github, destination=adas_branch.destination, pushed=pushed, title="x", body="y"
    )
    with pytest.raises(Retry, match="already"):
        await again.make("job_0test:pull-request")
    assert await again.look("job_0test:pull-request") == opened
    assert len(fake.state.pull_requests) == 1


async def test_another_commit_on_the_branch_is_a_conflict(
    adas_branch: BranchEffect, scratch: Path, folder: Path, fake: FakeGitHub, engine: HostedRepository, commit: str
) -> None:
    await published(adas_branch, scratch)
    other = replace(adas_branch, commit=new_commit(folder, message="another"))
    with pytest.raises(Fail) as failure:
        await published(other, scratch)
    sentence = f"The branch {BRANCH} of ada/engine holds {commit[:12]}, which isn't this job's commit."
    assert str(failure.value) == f"branch_conflict: {sentence}"
    assert engine.tip(BRANCH) == commit
    assert len(fake.state.pull_requests) == 1


async def test_who_may_not_push_asks_from_a_fork(
    bobs_branch: BranchEffect, scratch: Path, commit: str, engine: HostedRepository, fake: FakeGitHub
) -> None:
    fake.state.fork_delay = 1
    pushed, opened = await published(bobs_branch, scratch)
    assert pushed == {"repository": "bob/engine", "branch": BRANCH, "commit": commit, "fork": "bob/engine"}
    assert (opened["number"], opened["base"], opened["fork"]) == (1, "main", "bob/engine")
    assert opened["url"] == f"{fake.git.address}/ada/engine/pull/1"
    assert fake.state.pull_requests[0].label == f"bob:{BRANCH}"
    assert engine.tip(BRANCH) is None
    assert fake.state.repositories["bob/engine"].tip(BRANCH) == commit
    assert await published(bobs_branch, scratch) == (pushed, opened)
    assert (fake.git.pushes, fake.count(OPENING), fake.count(FORKING)) == (1, 1, 1)


async def test_a_fork_that_goes_by_another_name_is_pushed_to_once(
    bobs_branch: BranchEffect, scratch: Path, fake: FakeGitHub
) -> None:
    fake.state.add_repository("bob/engine")
    first = await published(bobs_branch, scratch)
    assert first[0]["repository"] == "bob/engine-1"
    assert await published(bobs_branch, scratch) == first
    assert (fake.git.pushes, fake.count(OPENING)) == (1, 1)


async def test_a_fork_that_is_archived(
    bobs_branch: BranchEffect, scratch: Path, engine: HostedRepository, fake: FakeGitHub
) -> None:
    fake.state.fork(engine, owner="bob").archived = True
    with pytest.raises(Fail) as failure:
        await published(bobs_branch, scratch)
    assert str(failure.value) == "repository_archived: bob/engine is archived, so nothing can be changed there."


async def test_another_commit_on_the_branch_of_a_fork_is_a_conflict(
    bobs_branch: BranchEffect, scratch: Path, folder: Path, fake: FakeGitHub
) -> None:
    fake.state.add_repository("bob/engine")  # so that the fork goes by another name
    await published(bobs_branch, scratch)
    other = replace(bobs_branch, commit=new_commit(folder, message="another"))
    with pytest.raises(Fail) as failure:
        await published(other, scratch)
    assert failure.value.code == "branch_conflict"
    assert fake.state.repositories["bob/engine-1"].tip(BRANCH) == bobs_branch.commit


async def test_a_default_branch_is_never_pushed_to(
    bobs_branch: BranchEffect, scratch: Path, engine: HostedRepository, fake: FakeGitHub
) -> None:
    fake.state.fork(engine, owner="bob").default_branch = BRANCH
    with pytest.raises(ValueError, match="nothing is pushed"):
        await published(bobs_branch, scratch)
    assert fake.git.pushes == 0


async def test_a_protected_branch_opens_no_pull_request(
    adas_branch: BranchEffect, scratch: Path, engine: HostedRepository, fake: FakeGitHub
) -> None:
    hook(engine.path, refuses="refs/heads/*", said="error: GH006: Protected branch update failed.")
    with pytest.raises(Fail) as failure:
        await published(adas_branch, scratch)
    assert failure.value.code == "branch_protected"
    assert fake.count(OPENING) == 0


def test_the_token_is_in_no_representation(adas_branch: BranchEffect) -> None:
    assert adas_branch.token == TOKEN
    assert TOKEN not in repr(adas_branch)
