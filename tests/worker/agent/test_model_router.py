from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_worker.agent.model_router import Decision, ModelRouter
from codeforge_worker.agent.models import Budget
from codeforge_worker.agent.request import Request
from codeforge_worker.agent.routing import Route
from codeforge_worker.agent.spending import Spending
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.fake_model import FakeModel
from tests.worker.agent.job import Notes, job
from tests.worker.agent.kept_steps import KeptSteps

DECISION = Decision(workflow="answer", reason="It is a question.", confidence=0.9)


async def routed(model: FakeModel, *, steps: KeptSteps, message: str = "What is a monad?") -> tuple[Route, Budget]:
    ctx = job(Path("/nonexistent"), notes=Notes(), message=message)
    made = steps.attempt()
    ctx.steps = lambda: made
    spending = Spending(ctx=ctx, budget=Budget.of(AgentSettings()))
    return await ModelRouter(model=model, spending=spending).route(Request(ctx=ctx)), spending.budget


async def test_the_model_decides_and_is_asked_once_for_the_job() -> None:
    model, steps = FakeModel(outputs=[DECISION]), KeptSteps()
    for _ in range(2):
        route, budget = await routed(model, steps=steps)
        assert route == Route(workflow="answer", reason="It is a question.", confidence=0.9)
        assert budget.usage.calls == 1
    assert model.calls == 1
    assert list(steps.kept) == ["route"]


@pytest.mark.parametrize(
    ("message", "told"), [("Fix ada/engine", "It names a repository."), ("Hello", "It names no repository.")]
)
async def test_what_it_is_told(message: str, told: str) -> None:
    model = FakeModel(outputs=[DECISION])
    await routed(model, steps=KeptSteps(), message=message)
    [question] = model.questions
    assert message in question.prompt
    assert told in question.prompt
