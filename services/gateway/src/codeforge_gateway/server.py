"""uvicorn, with the stop that this service needs: streams are ended first, and what was asked is answered."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from codeforge_common.errors import ConfigurationError

STOP_SECONDS = 20
"""How long requests may take to end after the stop began; a platform kills what takes 30."""

KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep an idle connection: the side that sends requests should be the one that closes."""

_log = structlog.get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ``port`` 0 takes a free one. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"PORT: {host}:{port} can't be listened on: {error.strerror}") from None
    listener.setblocking(False)
    return listener


class Server(uvicorn.Server):
    """Serves one application until SIGTERM or SIGINT, however many of them come.

    ``end_streams`` is awaited once nobody new is let in: it makes answers end that would go on for ever.
    """

    def __init__(self, app: ASGIApp, *, end_streams: Callable[[], Awaitable[None]], ws: str = "none") -> None:
        # What a client says of itself in X-Forwarded-For counts only where a proxy on this machine says it.
        config = uvicorn.Config(
            app,
            ws=ws,
            lifespan="off",
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self._end_streams = end_streams

    async def serve_on(self, listener: socket.socket) -> None:
        """Serves connections of ``listener`` (closed afterwards) until a signal says stop."""
        await self.serve(sockets=[listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again at the end, and so kill the process before it has cleaned up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door, ends the streams, and waits for what is still being answered."""
        await asyncio.gather(super().shutdown(sockets), self._end_streams())

    def _stop(self) -> None:
        if not self.should_exit:
            _log.info("stopping")
        self.should_exit = True
