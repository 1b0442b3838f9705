from __future__ import annotations

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from codeforge_edge.app import build_app


def named(name: str, calls: list[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        calls.append(name)

    return app


async def receive() -> dict[str, object]:
    return {}


async def send(message: object) -> None:
    pass


@pytest.mark.parametrize(
    ("scope", "half"),
    [
        ({"type": "http", "path": "/socket.io/"}, "notifier"),
        ({"type": "http", "path": "/socket.io"}, "notifier"),
        ({"type": "websocket", "path": "/socket.io/"}, "notifier"),
        ({"type": "http", "path": "/socket.iota"}, "gateway"),
        ({"type": "http", "path": "/api/jobs/agent-task"}, "gateway"),
    ],
)
async def test_the_path_decides_which_half_answers(scope: dict[str, str], half: str) -> None:
    calls: list[str] = []
    app = build_app(gateway=named("gateway", calls), notifier=named("notifier", calls))
    await app(scope, receive, send)

    assert calls == [half]
