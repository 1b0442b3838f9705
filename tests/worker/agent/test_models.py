from __future__ import annotations

from codeforge_worker.agent.models import unavailable
from codeforge_worker.settings import AgentSettings


def test_without_a_model_it_says_what_to_set() -> None:
    failure = unavailable(workflow="enhance", settings=AgentSettings(agent_model=None))
    assert failure.code == "model_not_configured"
    for name in ("AGENT_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        assert name in failure.message


def test_with_a_model_it_does_not_blame_the_configuration() -> None:
    failure = unavailable(workflow="enhance", settings=AgentSettings(agent_model="openai:gpt"))
    assert failure.code == "workflow_not_available"
    assert "AGENT_MODEL" not in failure.message
