"""How every process that serves connections takes its port, and how its server stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog

from codeforge_common.cancelling import cancel
from codeforge_common.errors import ConfigurationError

KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep an idle connection: the side that sends requests should be the one that closes."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

LOOK_SECONDS = 0.1
"""Between two looks for connections that came as a stop began."""

_log = structlog.get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ``port`` 0 takes a free one. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"PORT: {host}:{port} can't be listened on: {error.strerror}") from None
    listener.setblocking(False)
    return listener


class OrderlyStop:
    """Stands before ``uvicorn.Server`` among the bases of a server that serves until it is told to stop.

    uvicorn itself isn't named here: a worker does without it.
    """

    should_exit: bool
    server_state: Any

    def stop(self) -> None:
        """Asks the server to stop; again and again changes nothing."""
        if not self.should_exit:
            _log.info("stopping")
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process: uvicorn would raise them again, and kill what has still to tidy up."""
        yield

    @asynccontextmanager
    async def latecomers_sent_away(self) -> AsyncIterator[None]:
        """As long as the block lasts, asks each connection to close that nobody has asked before.

        uvicorn asks the connections that it knows, once. One that was accepted at that very moment would be served
        until its client has had enough, or the time is over and its request is cancelled.
        """
        sending = asyncio.create_task(self._send_latecomers_away())
        try:
            yield
        finally:
            await cancel([sending])

    async def _send_latecomers_away(self) -> None:
        asked = set(self.server_state.connections)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for connection in self.server_state.connections - asked:
                connection.shutdown()
                asked.add(connection)
