"""A running notifier for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.notifier.harness import Notifier, running, settings_for

Start = Callable[..., Awaitable[Notifier]]


@pytest.fixture
async def start(redis_url: str, namespace: str) -> AsyncIterator[Start]:
    """Starts notifiers with settings of the test's own: ``await start(joins_per_socket=1)``."""
    async with AsyncExitStack() as stack:

        async def one(**changes: Any) -> Notifier:
            return await stack.enter_async_context(running(settings_for(redis_url, namespace, **changes)))

        yield one


@pytest.fixture
async def notifier(start: Start) -> Notifier:
    """A notifier in development mode."""
    return await start()
