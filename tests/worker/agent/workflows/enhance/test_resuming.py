"""A worker dies at a step, and another goes on in an empty folder: nothing is paid or done a second time."""

from __future__ import annotations

import pytest

from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository, run_git
from tests.worker.agent.kept_steps import Died
from tests.worker.agent.workflows.enhance.conftest import VIETNAMESE, Job, translating

PAID = {"plan": 1, "edit-1": 1, "edit-2": 1, "edit-3": 1}
"""Model calls that a death at the step loses."""


@pytest.mark.parametrize(
    "step",
    [
        "repository",
        "destination",
        "base",
        "plan",
        "edit-1",
        "edit-2",
        "edit-3",
        "check",
        "commit",
        "push",
        "pull-request",
    ],
)
async def test_a_death_before_the_step_is_kept(
    step: str, a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    first = translating()
    with pytest.raises(Died):
        await a_job.attempt(first, dies_at=step)
    second = translating()
    done = sum(name.startswith("edit-") for name in a_job.steps.kept)
    second.turns = second.turns[done:]
    result = await a_job.attempt(second)
    assert first.calls + second.calls == 4 + PAID.get(step, 0)
    assert result["usage"]["calls"] == 4
    assert fake.git.pushes == 1
    assert len(fake.state.pull_requests) == 1
    assert fake.count("POST .*/pulls") == 1
    assert sorted(landing.branches()) == ["codeforge/job_0test", "main"]
    assert run_git("show", "codeforge/job_0test:README.md", cwd=landing.path) == VIETNAMESE


async def test_what_was_said_is_heard_by_the_next_attempt(a_job: Job, landing: HostedRepository) -> None:
    with pytest.raises(Died):
        await a_job.attempt(translating(), dies_at="edit-3")
    second = translating()
    second.turns = second.turns[2:]
    await a_job.attempt(second)
    assert second.heard[0].count("Update my readme to Vietnamese version") == 1
    assert "1\\t# Versace landing" in second.heard[0]
    assert "Trang đích" in second.heard[0]
