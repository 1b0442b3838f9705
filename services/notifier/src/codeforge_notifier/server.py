"""uvicorn, with the stop that sockets need: clients are sent away first, and the process ends within seconds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from codeforge_common.serving import KEEP_ALIVE_SECONDS, OrderlyStop
from codeforge_notifier.asgi import ASGIApp
from codeforge_notifier.socket_server import MAX_PAYLOAD_BYTES

STOP_SECONDS = 3
"""How long connections may take to close after the stop began."""


class Server(OrderlyStop, uvicorn.Server):
    """Serves one application until it is asked to stop.

    ``hang_up`` is awaited once nobody new is let in.
    """

    def __init__(self, app: ASGIApp, *, hang_up: Callable[[], Awaitable[None]]) -> None:
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=MAX_PAYLOAD_BYTES,
            ws_ping_interval=None,  # Engine.IO has pings of its own
            ws_per_message_deflate=False,  # it would compress the same update again for each socket
            lifespan="off",
            log_config=None,
            # Its lines hold what is as good as a password: the sid of each session, and below INFO every frame.
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self._hang_up = hang_up

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door, hangs up on everybody, and waits for connections to close."""
        async with self.latecomers_sent_away():
            await asyncio.gather(super().shutdown(sockets), self._hang_up())
