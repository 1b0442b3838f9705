"""The workflows that need a model, which this version doesn't have."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import CODE_GENERATION, ENHANCE, Route
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows import WORKFLOWS
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.job import Notes, job


@pytest.mark.parametrize("workflow", [ENHANCE, CODE_GENERATION])
async def test_they_fail_at_once_and_say_what_to_set(workflow: str, notes: Notes) -> None:
    route = Route(workflow=workflow, reason="", confidence=1)
    ctx = job(Path("/nonexistent"), notes=notes)
    task = Task(ctx=ctx, settings=AgentSettings(agent_model=None), route=route, candidates=["ada/engine"])
    with pytest.raises(Fail) as failure:
        await WORKFLOWS[workflow](task)
    assert failure.value.code == "model_not_configured"
    assert f"The workflow {workflow} needs a model." in failure.value.message
    assert notes.logs == []
