"""uvicorn, with the stop that this service needs: streams are ended first, and what was asked is answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

from codeforge_common.cancelling import cancel
from codeforge_common.serving import KEEP_ALIVE_SECONDS

STOP_SECONDS = 20
"""How long requests may take to end after the stop began; a platform kills what takes 30."""

LOOK_SECONDS = 0.1
"""Between two looks for connections that came as the stop began."""

_log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
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

    async def serve_on(self, listener: socket.socket) -> None:
        """Serves connections of ``listener`` (closed afterwards) until asked to stop."""
        await self.serve(sockets=[listener])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process: uvicorn would raise them again, and kill what has still to tidy up."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door, ends the streams, and waits for what is still being answered."""
        latecomers = asyncio.create_task(self._send_latecomers_away())
        try:
            await asyncio.gather(super().shutdown(sockets), self._end_streams())
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
