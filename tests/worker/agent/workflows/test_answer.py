from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.models import LimitReached, Turn
from codeforge_worker.agent.routing import ANSWER, CODE_GENERATION, Route
from codeforge_worker.agent.workflows import serve
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.fake_model import FakeModel, says
from tests.worker.agent.job import Notes, job
from tests.worker.agent.tasks import task

ROUTE = Route(workflow=ANSWER, reason="It is a question.", confidence=0.9)


@pytest.mark.parametrize("workflow", [ANSWER, CODE_GENERATION])
async def test_what_the_model_says_is_streamed_and_is_the_result(workflow: str, notes: Notes) -> None:
    model = FakeModel(says("# A monad\n\nis a monoid."))
    route = Route(workflow=workflow, reason="It is a question.", confidence=0.9)
    ctx = job(Path("/nonexistent"), notes=notes, message="What is a monad?", context={"language": "Latin"})
    async with task(ctx, settings=AgentSettings(), route=route, model=model) as made:
        result = await serve(made)
    assert notes.outputs == ["# A monad\n\nis a monoid."]
    assert (result["workflow"], result["summary"]) == (workflow, "is a monoid.")
    assert result["result"] == "# A monad\n\nis a monoid.\n"
    assert (result["diff"], result["files"], result["pullRequest"]) == (None, [], None)
    assert result["usage"]["calls"] == 1
    assert model.offered == [()]
    assert "The person reads: Latin" in model.heard[0]


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("## `fib.py`\n\n```python\nx = 1\n```\n\nRun it with Python.", "Run it with Python."),
        ("# A heading alone", "A heading alone"),
        ("```\nnothing but code\n```", "The model said nothing."),
    ],
)
async def test_the_summary_is_the_first_line_that_says_something(text: str, summary: str, notes: Notes) -> None:
    ctx = job(Path("/nonexistent"), notes=notes, message="Write fib")
    route = Route(workflow=ANSWER, reason="It is a question.", confidence=0.9)
    async with task(ctx, settings=AgentSettings(), route=route, model=FakeModel(says(text))) as made:
        assert (await serve(made))["summary"] == summary


async def test_an_answer_that_was_cut_goes_on_until_it_is_whole(notes: Notes) -> None:
    model = FakeModel(cut("```python\nx ="), cut(" 1\ny = "), says("2\n```\n"))
    ctx = job(Path("/nonexistent"), notes=notes, message="Write fib")
    async with task(ctx, settings=AgentSettings(), route=ROUTE, model=model) as made:
        result = await serve(made)
    assert result["result"] == "```python\nx = 1\ny = 2\n```\n"
    assert "".join(notes.outputs) == "```python\nx = 1\ny = 2\n```\n"
    assert (result["usage"]["calls"], model.calls) == (3, 3)


async def test_an_answer_without_an_end_is_cut_by_the_budget(notes: Notes) -> None:
    model = FakeModel(*[cut("on and ")] * 5)
    ctx = job(Path("/nonexistent"), notes=notes, message="Write fib")
    settings = AgentSettings(agent_model_calls_max=3)
    async with task(ctx, settings=settings, route=ROUTE, model=model) as made:
        with pytest.raises(LimitReached, match="model_call_limit"):
            await serve(made)
    assert model.calls == 3


@pytest.mark.parametrize("cut_off", [False, True])
async def test_an_answer_without_a_word_is_a_failure(cut_off: bool, notes: Notes) -> None:
    model = FakeModel(cut(" ") if cut_off else says(" "))
    ctx = job(Path("/nonexistent"), notes=notes, message="Write fib")
    async with task(ctx, settings=AgentSettings(), route=ROUTE, model=model) as made:
        with pytest.raises(Fail, match="without a word") as failed:
            await serve(made)
    assert (failed.value.code, model.calls) == ("model_answer_empty", 1)


def cut(text: str) -> Turn:
    """A turn that reached its greatest length."""
    return replace(says(text), finished=False)
