from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, Route
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import serving_github
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.job import Notes, job
from tests.worker.agent.tasks import task

ROUTE = Route(workflow=ANALYZE, reason="It asks for it.", confidence=0.5)
TOKEN = "ghp_adasverysecret"


async def chosen(notes: Notes, *, settings: AgentSettings, **about: Any) -> tuple[str, str]:
    """The label of the repository, and the reason."""
    async with task(job(Path("/nonexistent"), notes=notes, **about), settings=settings, route=ROUTE) as made:
        repository, choice = await made.repository()
    return repository.label, choice.reason


async def test_the_one_that_the_message_names_and_the_log_says_why(notes: Notes) -> None:
    label, reason = await chosen(notes, settings=AgentSettings(), message="Analyze ada/engine")
    assert (label, reason) == ("ada/engine", "The message names it.")
    assert notes.logs == ["Repository: ada/engine. The message names it."]


@pytest.mark.parametrize(
    ("message", "code"), [("Analyze it", "repository_required"), ("ada/engine, ada/mill", "repository_ambiguous")]
)
async def test_no_single_one(message: str, code: str, notes: Notes) -> None:
    with pytest.raises(Fail, match=code):
        await chosen(notes, settings=AgentSettings(), message=message)
    assert notes.logs == []


async def test_one_of_those_that_the_user_may_push_to(tmp_path: Path, repository: GitRepository, notes: Notes) -> None:
    with serving_github(tmp_path / "github") as fake:
        fake.state.add_token(TOKEN, login="ada")
        fake.state.add_repository("ada/engine", source=repository.path)
        settings = AgentSettings(github_api_url=fake.api_url, github_server_url=fake.git.address)
        message = "Update the readme in my engine repo"
        label, reason = await chosen(notes, settings=settings, message=message, token=TOKEN)
        assert label == "ada/engine"
        assert "may push to" in reason
        asked = fake.count("GET /user/repos")
        named = await chosen(notes, settings=settings, context={"repository": "ada/engine"}, token=TOKEN)
        assert named[0] == "ada/engine"
        assert fake.count("GET /user/repos") == asked == 1


async def test_an_address_on_the_server_that_is_set_is_an_owner_and_a_name(notes: Notes) -> None:
    settings = AgentSettings(github_server_url="https://git.example")
    label, _ = await chosen(notes, settings=settings, message="Analyze https://git.example/ada/engine/tree/main")
    assert label == "ada/engine"
