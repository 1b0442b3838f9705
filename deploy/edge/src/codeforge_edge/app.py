"""One ASGI application out of two."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

SOCKET_PATH = "/socket.io"
"""Where Socket.IO is served (contract, section 2)."""


def build_app(*, gateway: ASGIApp, notifier: ASGIApp) -> ASGIApp:
    """``notifier`` below ``/socket.io``; ``gateway`` for all the rest. Served without a lifespan."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        below = f"{scope['path']}/".startswith(f"{SOCKET_PATH}/")
        await (notifier if below else gateway)(scope, receive, send)

    return edge
