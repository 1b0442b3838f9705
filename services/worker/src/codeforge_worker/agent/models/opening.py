"""Opens the model. The libraries that speak to it take seconds to import: only a job that needs a model loads them."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from codeforge_common.settings import ModelSettings
from codeforge_worker.agent.models.model import Model
from codeforge_worker.agent.models.name import required

_IMPLEMENTATION = "codeforge_worker.agent.models.remote"


@asynccontextmanager
async def opened(settings: ModelSettings, *, workflow: str) -> AsyncIterator[Model]:
    """The model, with a client of its own, which is closed when the block ends.

    :raises Fail: ``model_not_configured`` or ``model_not_supported``, before anything is loaded.
    """
    name = required(settings, workflow=workflow)
    # In a thread, so that the loop, and with it the worker's other jobs, isn't held up meanwhile.
    implementation = await asyncio.to_thread(importlib.import_module, _IMPLEMENTATION)
    async with implementation.connected(name, settings=settings) as model:
        yield model
