"""The workflows that need a model, where none is configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANSWER, CODE_GENERATION, ENHANCE, Route
from codeforge_worker.agent.workflows import serve
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.job import Notes, job
from tests.worker.agent.tasks import task


@pytest.mark.parametrize("workflow", [ANSWER, ENHANCE, CODE_GENERATION])
async def test_they_fail_at_once_and_say_what_to_set(workflow: str, notes: Notes) -> None:
    route = Route(workflow=workflow, reason="", confidence=1)
    ctx = job(Path("/nonexistent"), notes=notes, message="Write it in ada/engine")
    async with task(ctx, settings=AgentSettings(agent_model=None), route=route) as made:
        with pytest.raises(Fail) as failure:
            await serve(made)
    assert failure.value.code == "model_not_configured"
    assert f"The workflow {workflow} needs a model." in failure.value.message
    assert notes.logs == []
