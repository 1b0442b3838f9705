"""The notifier's server, which knows about sockets, with what the gateway needs on top."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp

from codeforge_gateway.server import STOP_SECONDS
from codeforge_notifier.server import Server


def build_server(
    app: ASGIApp, *, end_streams: Callable[[], Awaitable[None]], hang_up: Callable[[], Awaitable[None]]
) -> Server:
    """Serves ``app`` until a signal says stop; then both are awaited, once nobody new is let in."""

    async def end_both() -> None:
        await asyncio.gather(end_streams(), hang_up())

    server = Server(app, hang_up=end_both)
    # The gateway's callers get the time that they have with a gateway alone.
    server.config.timeout_graceful_shutdown = STOP_SECONDS
    return server
