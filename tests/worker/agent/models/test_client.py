from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel

from codeforge_worker.agent.models import ModelName
from codeforge_worker.agent.models.client import client
from codeforge_worker.settings import AgentSettings


@pytest.mark.parametrize(
    ("provider", "kind", "address"),
    [
        ("openai", OpenAIChatModel, "https://api.openai.com/v1/"),
        ("openai-chat", OpenAIChatModel, "https://api.openai.com/v1/"),
        ("openai-responses", OpenAIResponsesModel, "https://api.openai.com/v1/"),
        ("anthropic", AnthropicModel, "https://api.anthropic.com"),
    ],
)
async def test_each_provider_has_its_api_its_key_and_its_address(
    provider: str, kind: type[object], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the libraries would read from the environment on their own is not what the settings say.
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://elsewhere")
    settings = AgentSettings(
        openai_api_key=SecretStr("openai-key"),
        openai_base_url=None,
        anthropic_api_key=SecretStr("claude-key"),
        anthropic_base_url=None,
    )
    async with client(ModelName(provider=provider, name="m"), settings=settings) as model:
        library: Any = model
        assert type(model) is kind
        assert model.base_url == address
        assert library.client.api_key == ("claude-key" if provider == "anthropic" else "openai-key")
        assert library.client.max_retries == 0
