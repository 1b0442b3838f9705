from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import pytest

from codeforge_common.testing.model_server.script import DEFAULT_KEY, Script
from codeforge_common.testing.model_server.server import Server
from codeforge_worker.settings import AgentSettings

Serve = Callable[[Mapping[str, Any] | Sequence[Mapping[str, Any]]], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts the fake provider in a thread: hundreds of short tests would wait for a process each."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(_served(Script(script)))


@contextmanager
def _served(script: Script) -> Iterator[Server]:
    with Server(script, host="127.0.0.1", port=0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def settings_for(server: Server, *, provider: str = "openai", model: str = "scripted", **more: Any) -> AgentSettings:
    address = f"http://127.0.0.1:{server.server_address[1]}"
    defaults = {
        "agent_model": f"{provider}:{model}",
        "openai_base_url": f"{address}/v1",
        "openai_api_key": DEFAULT_KEY,
        "anthropic_base_url": address,
        "anthropic_api_key": DEFAULT_KEY,
        "agent_model_attempts": 1,
    }
    return AgentSettings(**{**defaults, **more})
