"""The report with a model's findings; and what is left of it when the model fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.findings import Action, Finding, Review
from codeforge_worker.agent.models import Budget
from codeforge_worker.agent.routing import ANALYZE, Route
from codeforge_worker.agent.workflows import analyze
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.fake_model import FakeModel
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.job import Notes, job
from tests.worker.agent.tasks import task

ROUTE = Route(workflow=ANALYZE, reason="The message asks for it.", confidence=0.8)


def finding(path: str, line: int, *, title: str = "Counts one too many") -> Finding:
    return Finding(title=title, path=path, line=line, severity="high", explanation="It adds 1.")


ACTION = Action(title="Count right", why="People rely on it.", effort="small")


@pytest.fixture
def with_a_model(settings: AgentSettings) -> AgentSettings:
    return settings.model_copy(update={"agent_model": "openai:x", "openai_base_url": "http://localhost:9"})


async def analysed(
    model: FakeModel,
    *,
    scratch: Path,
    notes: Notes,
    settings: AgentSettings,
    attempt: int = 1,
    budget: Budget | None = None,
) -> Mapping[str, Any]:
    ctx = job(scratch, notes=notes, context={"repository": "ada/engine"})
    ctx.attempt = attempt
    async with task(ctx, settings=settings, route=ROUTE, model=model, budget=budget) as made:
        return await analyze.run(made)


async def test_findings_name_a_place_and_are_dropped_where_there_is_none(
    repository: GitRepository, scratch: Path, notes: Notes, with_a_model: AgentSettings
) -> None:
    found = [finding("engine.py", 2), finding("engine.py", 3), finding("nothing.py", 1), finding("README.md", 3)]
    model = FakeModel(outputs=[Review(findings=found, plan=[ACTION])])
    result = await analysed(model, scratch=scratch, notes=notes, settings=with_a_model)
    assert [(each["path"], each["line"]) for each in result["findings"]] == [("engine.py", 2), ("README.md", 3)]
    assert result["plan"] == [{"title": "Count right", "why": "People rely on it.", "effort": "small"}]
    assert "- **Counts one too many** (high) at `engine.py:2`: It adds 1." in result["result"]
    assert "1. **Count right** (small effort): People rely on it." in result["result"]
    assert result["usage"]["calls"] == 1
    assert "2 findings left out: no such place in the repository" in notes.logs
    assert "2\t    return n + 1" in model.questions[0].prompt


@pytest.mark.parametrize(
    ("error", "attempt"), [(Fail("model_key_refused", "The key is wrong."), 1), (Retry(reason="It is away."), 3)]
)
async def test_a_model_that_fails_takes_its_part_with_it_and_not_the_report(
    error: Exception,
    attempt: int,
    repository: GitRepository,
    scratch: Path,
    notes: Notes,
    with_a_model: AgentSettings,
) -> None:
    model = FakeModel(outputs=[error])
    result = await analysed(model, scratch=scratch, notes=notes, settings=with_a_model, attempt=attempt)
    assert result["facts"]["files"]["count"] == 2
    assert "findings" not in result
    assert notes.logs[-1] == f"The report goes without the model: {error}"


async def test_a_model_that_may_come_back_is_waited_for(
    repository: GitRepository, scratch: Path, notes: Notes, with_a_model: AgentSettings
) -> None:
    model = FakeModel(outputs=[Retry(after=30, reason="It is away.")])
    with pytest.raises(Retry):
        await analysed(model, scratch=scratch, notes=notes, settings=with_a_model, attempt=2)


async def test_at_a_limit_the_report_is_the_partial_result(
    repository: GitRepository, scratch: Path, notes: Notes, with_a_model: AgentSettings
) -> None:
    budget = Budget(calls_max=0, tokens_max=1000, seconds_max=60)
    with pytest.raises(Fail) as failure:
        await analysed(FakeModel(), scratch=scratch, notes=notes, settings=with_a_model, budget=budget)
    assert failure.value.code == "model_call_limit"
    assert failure.value.result["result"].startswith("# Analysis of `ada/engine`")
