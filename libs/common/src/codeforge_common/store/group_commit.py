"""Group commit: what gathers while one call is under way leaves together in the next. No timer; load sets the size."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Send = Callable[[Sequence[dict[str, Any]]], Awaitable[Sequence[dict[str, Any]]]]

MOST = 64
"""Calls in one group at most."""


class GroupCommit:
    """Hands single requests to ``send`` in groups, in the order in which they came."""

    def __init__(self, send: Send, *, most: int = MOST) -> None:
        self._send = send
        self._most = most
        self._waiting: deque[tuple[dict[str, Any], asyncio.Future[dict[str, Any]]]] = deque()
        self._sender: asyncio.Task[None] | None = None

    async def submit(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to ``request``. Raises whatever the call raised."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all())
        return await future

    async def _send_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            waiting = [future for _, future in group]
            try:
                answers = await self._send([request for request, _ in group])
            except Exception as error:
                # The whole group failed, and who came meanwhile would only wait as long for the same: all hear of it.
                waiting += [future for _, future in self._waiting]
                self._waiting.clear()
                for future in waiting:
                    if not future.done():
                        future.set_exception(error)
            else:
                for future, answer in zip(waiting, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
