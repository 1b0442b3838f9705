"""A GitHub with zaikaman/versace-landing on it, and attempts at changing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from codeforge_worker.agent.models import Budget, Model
from codeforge_worker.agent.routing import ENHANCE, Route
from codeforge_worker.agent.workflows import enhance
from codeforge_worker.agent.workflows.enhance.plan import Plan
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import FakeGitHub, serving_github
from tests.plugins.github_state import HostedRepository
from tests.worker.agent.fake_model import FakeModel, says
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.job import Notes, job
from tests.worker.agent.kept_steps import KeptSteps
from tests.worker.agent.tasks import task

TOKEN = "ghp_zaikamansverysecret"
NAME = "zaikaman/versace-landing"
SENTENCE = "Update my readme to Vietnamese version in versace-landing repo"
VIETNAMESE = "# Trang đích Versace\n\nMột trang giới thiệu.\n"
FILES = {"README.md": "# Versace landing\n\nA landing page.\n", "index.html": "<h1>Versace</h1>\n"}
PLAN = Plan(title="Translate the README into Vietnamese", steps=["Translate README.md."], files=["README.md"])
SAID = "README.md is in Vietnamese now."
ROUTE = Route(workflow=ENHANCE, reason="The message asks to “update”.", confidence=0.8)


def translating() -> FakeModel:
    """A model that does what the sentence asks for, in three turns."""
    return FakeModel(
        says("I look around.", ("list", {}), ("read", {"path": "README.md"})),
        says("", ("write", {"path": "README.md", "content": VIETNAMESE})),
        says(SAID),
        outputs=[PLAN],
    )


@dataclass(kw_only=True)
class Job:
    """One job over all its attempts."""

    folder: Path
    settings: AgentSettings
    notes: Notes = field(default_factory=Notes)
    steps: KeptSteps = field(default_factory=KeptSteps)
    attempts: int = 0

    async def attempt(
        self,
        model: Model,
        *,
        message: str = SENTENCE,
        dies_at: str | None = None,
        budget: Budget | None = None,
        number: int = 1,
        **about: Any,
    ) -> Mapping[str, Any]:
        """What the workflow returns, in a scratch folder of this attempt."""
        self.attempts += 1
        scratch = self.folder / str(self.attempts)
        scratch.mkdir()
        ctx = job(scratch, notes=self.notes, message=message, **{"token": TOKEN, **about})
        ctx.attempt = number
        steps = self.steps.attempt(dies_at=dies_at)
        ctx.steps = lambda: steps
        try:
            async with task(ctx, settings=self.settings, route=ROUTE, model=model, budget=budget) as made:
                return await enhance.run(made)
        finally:
            assert list(scratch.iterdir()) == []


@pytest.fixture
def source(tmp_path: Path) -> GitRepository:
    repository = GitRepository.at(tmp_path / "source")
    repository.commit(FILES)
    return repository


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeGitHub]:
    with serving_github(tmp_path / "github") as fake:
        fake.state.add_token(TOKEN, login="zaikaman")
        yield fake
        assert fake.faults == []


@pytest.fixture
def landing(fake: FakeGitHub, source: GitRepository) -> HostedRepository:
    return fake.state.add_repository(NAME, source=source.path)


@pytest.fixture
def settings(fake: FakeGitHub) -> AgentSettings:
    return AgentSettings(
        github_api_url=fake.api_url, github_server_url=fake.git.address, agent_allow_local_repositories=True
    )


@pytest.fixture
def a_job(tmp_path: Path, settings: AgentSettings) -> Job:
    folder = tmp_path / "attempts"
    folder.mkdir()
    return Job(folder=folder, settings=settings)
