"""The client that speaks to the provider of AGENT_MODEL."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from pydantic_ai.models import Model

from codeforge_common.settings import ModelSettings
from codeforge_worker.agent.models.name import ModelName

_CONNECTIONS = httpx2.Limits(max_connections=8, max_keepalive_connections=2)


@asynccontextmanager
async def client(name: ModelName, *, settings: ModelSettings) -> AsyncIterator[Model]:
    """pydantic-ai's model for ``name``. Its connections are closed when the block ends."""
    # Silence of this length ends a call, while connecting and between any two pieces of an answer.
    silence = httpx2.Timeout(settings.agent_model_timeout_seconds)
    async with httpx2.AsyncClient(timeout=silence, limits=_CONNECTIONS) as http:
        yield await asyncio.to_thread(_made, name, settings=settings, http=http)


def _made(name: ModelName, *, settings: ModelSettings, http: httpx2.AsyncClient) -> Model:
    """Takes a second the first time. Each provider's library has 25 to 40 MB: only the one that is used is loaded."""
    api = "anthropic_api" if name.provider == "anthropic" else "openai_api"
    module = importlib.import_module(f"codeforge_worker.agent.models.{api}")
    model: Model = module.made(name, settings=settings, http=http)
    return model
