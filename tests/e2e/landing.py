"""zaikaman/versace-landing on a GitHub of its own, and a model that translates its README: for the agent's tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from codeforge_common.testing.model_server import ModelServer, model_server
from tests.plugins.github_api import FakeGitHub, serving_github
from tests.plugins.github_state import HostedRepository, run_git
from tests.plugins.house import House
from tests.worker.agent.git_repository import GitRepository

TOKEN = "ghp_" + "Sesame0pen" * 4
NAME = "zaikaman/versace-landing"
SENTENCE = "Update my readme to Vietnamese version in versace-landing repo"
ENGLISH = "# Versace landing\n\nA landing page for a fashion house.\n"
VIETNAMESE = "# Trang đích Versace\n\nTrang giới thiệu của một nhà thời trang.\n"
TITLE = "Translate the README into Vietnamese"
SAID = "README.md is in Vietnamese now; please look at the second paragraph."
STAGES = [
    "Starting agent task",
    "Analyzing request and routing to agent...",
    "Routed to workflow: enhance",
    "Executing enhance workflow...",
    "Cloning repository...",
    "Processing files...",
]
ROUTE = {"workflow": "enhance", "reason": "A file of a repository is to be translated.", "confidence": 0.97}
PLAN = {"title": TITLE, "steps": ["Read README.md.", "Write it in Vietnamese."], "files": ["README.md"]}
STEPS = [
    *("route", "repository", "destination", "base", "plan", "edit-1", "edit-2", "edit-3", "check"),
    *("commit", "push", "pull-request"),
]


def turn(number: int, **answer: Any) -> dict[str, Any]:
    """A rule for the model's turn in the edit after ``number`` others; the same however often it is asked."""
    return {"when": {"tools": ["write"], "turns": number}, "answer": answer}


def question(words: str, output: Mapping[str, Any]) -> dict[str, Any]:
    """A rule for a question whose instructions hold ``words``."""
    return {"when": {"anywhere": words}, "answer": {"output": output}}


QUESTIONS = [question("You decide which workflow", ROUTE), question("You plan a change", PLAN)]
TRANSLATING = {
    "rules": [
        turn(0, text="I read the README first.", calls=[{"name": "read", "arguments": {"path": "README.md"}}]),
        turn(1, calls=[{"name": "write", "arguments": {"path": "README.md", "content": VIETNAMESE}}]),
        turn(2, text=SAID),
        *QUESTIONS,
    ]
}
CALLS = 5
"""Of the model, when nothing goes wrong."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What lies outside of the house. ``environment``: for the worker."""

    github: FakeGitHub
    landing: HostedRepository
    model: ModelServer

    @property
    def environment(self) -> dict[str, str]:
        return {**self.github.environment, **self.model.environment}

    def readme(self, branch: str) -> str:
        """README.md as it is on the branch."""
        return run_git("show", f"{branch}:README.md", cwd=self.landing.path)


@contextmanager
def outside(
    folder: Path, *, script: Mapping[str, Any] = TRANSLATING, files: Mapping[str, str | bytes] | None = None
) -> Iterator[Outside]:
    """GitHub with the repository, and the model, while the block lasts."""
    source = GitRepository.at(folder / "source")
    source.commit(files or {"README.md": ENGLISH, "index.html": "<h1>Versace</h1>\n"})
    with ExitStack() as stack:
        github = stack.enter_context(serving_github(folder / "github"))
        github.state.add_token(TOKEN, login="zaikaman")
        landing = github.state.add_repository(NAME, source=source.path)
        github.state.add_repository("zaikaman/other", source=source.path)
        model = stack.enter_context(model_server(script))
        yield Outside(github=github, landing=landing, model=model)
        assert github.faults == []


def said_in_the_chat(message: str = SENTENCE, **more: Any) -> dict[str, Any]:
    """A message that is sent to the background, with a token."""
    context = {"token": TOKEN, "username": "zaikaman", "email": "zai@example.org"}
    return {"generationId": "s-1", "message": message, "backgroundMode": True, "githubContext": context, **more}


async def say(house: House, body: Mapping[str, Any]) -> str:
    """Sends it; the job's id."""
    async with httpx2.AsyncClient(base_url=house.url()) as client:
        answer = await client.post("/api/chat", json=dict(body))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["jobId"])


async def record(house: House, job_id: str, *, wait: int = 0) -> dict[str, Any]:
    """The job's record; ``wait``: for up to so many seconds until it has ended."""
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    async with httpx2.AsyncClient(base_url=house.url(), timeout=60) as client:
        return dict((await client.get(f"/api/jobs/{job_id}", headers=headers)).json()["job"])


async def ended(house: House, job_id: str) -> dict[str, Any]:
    """The record of the job when it has ended; it has two minutes."""
    found: dict[str, Any] = {}
    for _ in range(6):
        found = await record(house, job_id, wait=20)
        if found["completedAt"] is not None:
            return found
    raise AssertionError(f"the job hasn't ended: {found}")
