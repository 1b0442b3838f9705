"""What runs beside a server for as long as it serves, watched: none of it may end in silence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

import structlog

from codeforge_common.cancelling import cancel

Loops = Mapping[str, Coroutine[Any, Any, None]]
"""Loops that run until they are cancelled, by a name for the log."""

_log = structlog.get_logger(__name__)


class BackgroundFailed(Exception):
    """Raised when the server was stopped because a loop had ended. Why stands in the log already."""


class Serving(Protocol):
    """A server that serves until ``should_exit`` is set."""

    should_exit: bool

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serves connections of these listeners, which are closed afterwards."""


async def serve_beside(loops: Loops, *, server: Serving, listener: socket.socket) -> None:
    """Serves on ``listener`` with ``loops`` beside it, until the server is told to stop; then they are cancelled.

    A loop that ends by itself is a defect of ours. Half a service that looks healthy is worse than one that is started
    anew: the error is logged, and the server stops as it does on a signal.

    :raises BackgroundFailed: once it has stopped for that.
    """
    failed = False

    def ended(task: asyncio.Task[None]) -> None:
        nonlocal failed
        if not task.cancelled():
            _log.critical(
                "a background task ended, so the process stops", task=task.get_name(), exc_info=task.exception()
            )
            failed = server.should_exit = True

    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        await server.serve(sockets=[listener])
    finally:
        await cancel(tasks)
    if failed:
        raise BackgroundFailed
