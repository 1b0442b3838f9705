"""A running gateway for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.harness import Gateway, running, settings_for

Start = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def start(redis_url: str, namespace: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts gateways: ``await start(submit_rate_limit=1)``; ``server`` names another than the session's."""
    async with AsyncExitStack() as stack:

        async def one(*, server: str = redis_url, **changes: Any) -> Gateway:
            settings = settings_for(server, namespace, tmp_path, **changes)
            return await stack.enter_async_context(running(settings))

        yield one


@pytest.fixture
async def gateway(start: Start) -> Gateway:
    """A gateway in development mode, with no rate limit."""
    return await start()
