"""uvicorn, with the stop that this service needs: streams are ended first, and what was asked is answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

from codeforge_common.serving import KEEP_ALIVE_SECONDS, OrderlyStop

STOP_SECONDS = 20
"""How long requests may take to end after the stop began; a platform kills what takes 30."""


class Server(OrderlyStop, uvicorn.Server):
    """Serves one application until it is asked to stop.

    ``end_streams`` is awaited once nobody new is let in: it makes answers end that would go on for ever.
    """

    def __init__(self, app: ASGIApp, *, end_streams: Callable[[], Awaitable[None]], ws: str = "none") -> None:
        # What a client says of itself in X-Forwarded-For counts only where a proxy on this machine says it.
        config = uvicorn.Config(
            app,
            ws=ws,
            lifespan="off",
            log_config=None,
            access_log=False,  # see request_span.py
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door, ends the streams, and waits for what is still being answered."""
        async with self.latecomers_sent_away():
            await asyncio.gather(super().shutdown(sockets), self._end_streams())
