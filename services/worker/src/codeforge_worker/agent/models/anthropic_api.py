"""Models of Anthropic."""

from __future__ import annotations

import httpx2
from anthropic import AsyncAnthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from codeforge_common.settings import ModelSettings
from codeforge_worker.agent.models.name import ModelName, address_of, key_of


def made(name: ModelName, *, settings: ModelSettings, http: httpx2.AsyncClient) -> Model:
    """The model ``name``, called with ``http``."""
    provider = AnthropicProvider(
        anthropic_client=AsyncAnthropic(
            api_key=key_of(name, settings=settings),
            base_url=address_of(name, settings=settings),
            http_client=http,
            timeout=http.timeout,
            max_retries=0,  # there is one loop that tries again: patience.py
        )
    )
    return AnthropicModel(name.name, provider=provider)
