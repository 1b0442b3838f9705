"""Which model the agent uses. None is built in yet: a workflow that needs one says what is missing, at once."""

from __future__ import annotations

from codeforge_common.handler import Fail
from codeforge_worker.settings import AgentSettings


def unavailable(*, workflow: str, settings: AgentSettings) -> Fail:
    """Why ``workflow``, which needs a model, can't run here. Not retried: only an operator can change it."""
    if settings.agent_model is None:
        return Fail(
            "model_not_configured",
            f"The workflow {workflow} needs a model. Set AGENT_MODEL (provider:name, e.g. openai:… or anthropic:…)"
            " and the provider's key (OPENAI_API_KEY or ANTHROPIC_API_KEY) for the worker.",
        )
    return Fail("workflow_not_available", f"This version of CodeForge can't run the workflow {workflow} yet.")
