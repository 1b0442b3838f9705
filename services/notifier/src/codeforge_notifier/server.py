"""uvicorn, with the stop that sockets need: clients are sent away first, and the process ends within seconds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from codeforge_common.cancelling import cancel
from codeforge_common.serving import KEEP_ALIVE_SECONDS
from codeforge_notifier.asgi import ASGIApp
from codeforge_notifier.socket_server import MAX_PAYLOAD_BYTES

STOP_SECONDS = 3
"""How long connections may take to close after the stop began."""

LOOK_SECONDS = 0.1
"""Between two looks for connections that came as the stop began."""

_log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
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

    async def serve_on(self, listener: socket.socket) -> None:
        """Serves connections of ``listener`` (closed afterwards) until asked to stop."""
        await self.serve(sockets=[listener])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process: uvicorn would raise them again, and kill what has still to tidy up."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door, hangs up on everybody, and waits for connections to close."""
        latecomers = asyncio.create_task(self._send_latecomers_away())
        try:
            await asyncio.gather(super().shutdown(sockets), self._hang_up())
        finally:
            await cancel([latecomers])

    def stop(self) -> None:
        """Asks the server to stop; again and again changes nothing."""
        if not self.should_exit:
            _log.info("stopping")
        self.should_exit = True

    async def _send_latecomers_away(self) -> None:
        # uvicorn asks the connections that it knows to close, once. One that was accepted at that very moment would be
        # served until its client has had enough, or the time is over and its request is cancelled.
        asked = set(self.server_state.connections)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for connection in self.server_state.connections - asked:
                connection.shutdown()
                asked.add(connection)
