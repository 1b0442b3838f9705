"""Models of OpenAI and of servers that are compatible with it."""

from __future__ import annotations

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider

from codeforge_common.settings import ModelSettings
from codeforge_worker.agent.models.name import ModelName, address_of, key_of


def made(name: ModelName, *, settings: ModelSettings, http: httpx2.AsyncClient) -> Model:
    """The model ``name``, called with ``http``."""
    provider = OpenAIProvider(
        openai_client=AsyncOpenAI(
            api_key=key_of(name, settings=settings),
            base_url=address_of(name, settings=settings),
            http_client=http,
            timeout=http.timeout,
            max_retries=0,  # there is one loop that tries again: patience.py
        )
    )
    if name.provider == "openai-responses":
        return OpenAIResponsesModel(name.name, provider=provider)
    # A stream that just ends, as when a proxy's time is up, is no answer that can be believed.
    whole = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return OpenAIChatModel(name.name, provider=provider, profile=whole)
