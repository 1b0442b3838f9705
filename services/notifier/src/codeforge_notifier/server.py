"""uvicorn, with the stop that sockets need: clients are sent away first, and the process ends within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator

import structlog
import uvicorn

from codeforge_common.errors import ConfigurationError
from codeforge_notifier.asgi import ASGIApp
from codeforge_notifier.socket_server import MAX_PAYLOAD_BYTES

STOP_SECONDS = 3
"""How long connections may take to close after the stop began."""

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
        """Closes the door, hangs up on everybody, and waits for connections to close."""
        await asyncio.gather(super().shutdown(sockets), self._hang_up())

    def _stop(self) -> None:
        if not self.should_exit:
            _log.info("stopping")
        self.should_exit = True
