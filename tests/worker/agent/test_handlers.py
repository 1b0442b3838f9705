"""The three built-in job types, from the request to the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.handler import Fail
from codeforge_common.job import BUILT_IN_TYPES
from codeforge_worker.agent.handlers import agent_task, code_generation, repo_analysis
from codeforge_worker.registry import discover
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.git_server import GitServer
from tests.worker.agent.job import Notes, job

LOGS = [
    "Starting agent task",
    "Analyzing request and routing to agent...",
    "Routed to workflow: analyze",
    "Why: The message asks to “analyze”. (80% sure)",
    "Executing analyze workflow...",
    "Repository: ada/engine. The message names it.",
    "Cloning repository...",
    "Processing files...",
]


@pytest.fixture(autouse=True)
def environment(git_server: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", git_server.address)
    monkeypatch.setenv("AGENT_ALLOW_LOCAL_REPOSITORIES", "true")
    monkeypatch.delenv("AGENT_MODEL", raising=False)


def test_a_worker_finds_them() -> None:
    assert {type.name for type in BUILT_IN_TYPES} <= set(discover())


def test_a_worker_loads_neither_parser_nor_model_for_them() -> None:
    code = "import sys, codeforge_worker.agent.handlers; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert not loaded & {"lizard", "identify", "pydantic_ai"}


async def test_the_log_of_an_agent_task(scratch: Path, notes: Notes) -> None:
    result = await agent_task(job(scratch, notes=notes, message="Analyze ada/engine"))
    assert result["workflow"] == "analyze"
    assert notes.logs == LOGS
    percents = [percent for percent, _ in notes.progresses]
    assert percents == sorted(percents)
    assert notes.stages[:3] == ["Starting", "Routing", "Executing workflow"]


async def test_the_repository_of_the_context_goes_before_the_message(scratch: Path, notes: Notes) -> None:
    ctx = job(scratch, notes=notes, message="Analyze ada/nothing", context={"repository": "ada/engine"})
    assert (await agent_task(ctx))["repository"] == "ada/engine"


async def test_a_path_in_the_message(repository: GitRepository, scratch: Path, notes: Notes) -> None:
    ctx = job(scratch, notes=notes, message=f"Analyze {repository.path}")
    assert (await agent_task(ctx))["repository"] == "engine"


async def test_a_path_where_local_repositories_are_not_allowed(
    repository: GitRepository, scratch: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AGENT_ALLOW_LOCAL_REPOSITORIES")
    with pytest.raises(Fail, match="repository_refused"):
        await agent_task(job(scratch, notes=notes, context={"repository": str(repository.path)}))


@pytest.mark.parametrize(
    ("message", "code"),
    [("Analyze my code", "repository_required"), ("Compare ada/engine, ada/mill: analysis", "repository_ambiguous")],
)
async def test_no_single_repository(message: str, code: str, scratch: Path, notes: Notes) -> None:
    with pytest.raises(Fail, match=code):
        await agent_task(job(scratch, notes=notes, message=message))
    assert notes.logs[2] == "Routed to workflow: analyze"
    assert notes.logs[4:] == ["Executing analyze workflow..."]


async def test_a_request_to_change_something_needs_a_model(scratch: Path, notes: Notes) -> None:
    message = "Update my readme to Vietnamese version in versace-landing repo"
    with pytest.raises(Fail, match="model_not_configured"):
        await agent_task(job(scratch, notes=notes, message=message))
    assert notes.logs[2] == "Routed to workflow: enhance"
    assert notes.logs[4:] == ["Executing enhance workflow..."]


async def test_an_explicit_agent_type(scratch: Path, notes: Notes) -> None:
    result = await agent_task(job(scratch, notes=notes, message="Fix ada/engine", agent_type="analyze"))
    assert result["route"]["confidence"] == 1


async def test_repo_analysis_is_the_workflow_asked_for_directly(scratch: Path, notes: Notes) -> None:
    ctx = job(scratch, notes=notes, type="repo_analysis", message="Fix it all", context={"repository": "ada/engine"})
    assert (await repo_analysis(ctx))["workflow"] == "analyze"
    assert notes.logs[:2] == ["Starting repository analysis", "Executing analyze workflow..."]
    assert notes.logs[3:] == LOGS[6:]


async def test_code_generation_needs_a_model(scratch: Path, notes: Notes) -> None:
    with pytest.raises(Fail, match="model_not_configured"):
        await code_generation(job(scratch, notes=notes, type="code_generation", message="Write a parser"))


async def test_settings_that_cannot_be_used(scratch: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "nonsense")
    with pytest.raises(ConfigurationError, match="GITHUB_SERVER_URL"):
        await agent_task(job(scratch, notes=notes))
