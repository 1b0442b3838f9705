from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.models import ModelName, configured, required
from codeforge_worker.settings import AgentSettings

NOTHING: dict[str, Any] = {
    "agent_model": None,
    "openai_api_key": None,
    "openai_base_url": None,
    "anthropic_api_key": None,
    "anthropic_base_url": None,
}


@pytest.mark.parametrize(
    ("given", "code", "named"),
    [
        ({}, "model_not_configured", ["enhance", "AGENT_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"]),
        ({"agent_model": "openai:gpt"}, "model_not_configured", ["enhance", "OPENAI_API_KEY", "OPENAI_BASE_URL"]),
        ({"agent_model": "openai:gpt", "anthropic_api_key": "k"}, "model_not_configured", ["OPENAI_API_KEY"]),
        ({"agent_model": "anthropic:c", "openai_api_key": "k"}, "model_not_configured", ["ANTHROPIC_API_KEY"]),
        ({"agent_model": "gemini:x"}, "model_not_supported", ["gemini", "openai:…", "anthropic:…", "openai-chat:…"]),
    ],
)
def test_it_says_what_to_set(given: dict[str, Any], code: str, named: list[str]) -> None:
    settings = AgentSettings(**{**NOTHING, **given})
    with pytest.raises(Fail) as caught:
        required(settings, workflow="enhance")
    assert caught.value.code == code
    assert [name for name in named if name not in caught.value.message] == []
    assert not configured(settings)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"agent_model": "openai:gpt-5", "openai_api_key": "k"}, ModelName(provider="openai", name="gpt-5")),
        (
            {"agent_model": "openai-chat:llama3:8b", "openai_base_url": "http://127.0.0.1:11434/v1"},
            ModelName(provider="openai-chat", name="llama3:8b"),
        ),
        ({"agent_model": "anthropic:claude", "anthropic_api_key": "k"}, ModelName(provider="anthropic", name="claude")),
    ],
)
def test_a_key_or_a_server_of_ones_own_is_enough(given: dict[str, Any], name: ModelName) -> None:
    settings = AgentSettings(**{**NOTHING, **given})
    assert required(settings, workflow="enhance") == name
    assert str(name) == given["agent_model"]
    assert configured(settings)
