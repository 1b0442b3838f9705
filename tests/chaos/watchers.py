"""People who look on: one over the gateway's event stream, one over the notifier's socket, across every fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx2
import socketio
from socketio.exceptions import SocketIOError

from tests.chaos.history import Sight

SILENCE_SECONDS = 20.0
"""The stream has a ping each 15 s: what is silent for longer is dead."""
PAUSE_SECONDS = 0.3


class Watcher:
    """Follows a user's jobs. ``see`` takes what it is sent, in order."""

    def __init__(self, *, name: str, url: str, user: str, see: Callable[[Sight], None]) -> None:
        self.name = name
        self.user = user
        self.last: dict[str, int] = {}
        """The newest ``seq`` of each job, since it began anew."""
        self._url = url
        self._see = see
        self._cursor: str | None = None

    async def run(self) -> None:
        """Looks on until cancelled, and comes back whenever it was cut off."""
        while True:
            try:
                if self._cursor is None:
                    self._begin_anew()
                await self._look()
            except (httpx2.HTTPError, SocketIOError, TimeoutError):
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self) -> None:
        """One connection, until it ends or fails."""
        raise NotImplementedError

    def _begin_anew(self) -> None:
        self.last.clear()
        self._see(Sight(watcher=self.name))

    def _take(self, update: dict[str, Any]) -> None:
        self.last[update["jobId"]] = update["seq"]
        self._see(Sight(watcher=self.name, job=update["jobId"], seq=update["seq"]))


class StreamWatcher(Watcher):
    """Reads ``GET /api/events``. As the contract asks, it takes an update only if its ``seq`` is greater than the last.

    A stream that begins with the present state may be ahead of its cursor: what it shows comes again after a break.
    """

    async def _look(self) -> None:
        headers = {"X-User-Id": self.user} | ({"Last-Event-ID": self._cursor} if self._cursor else {})
        timeout = httpx2.Timeout(5.0, read=SILENCE_SECONDS)
        async with (
            httpx2.AsyncClient(base_url=self._url, timeout=timeout) as client,
            client.stream("GET", "/api/events", headers=headers) as answer,
        ):
            frame: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(":")
                    frame[name] = value.removeprefix(" ")
                else:
                    self._frame(frame)
                    frame = {}

    def _frame(self, frame: dict[str, str]) -> None:
        match frame.get("event"):
            case "reset":
                self._begin_anew()
            case "job:update":
                update = json.loads(frame["data"])
                if update["seq"] > self.last.get(update["jobId"], 0):
                    self._take(update)
        self._cursor = frame.get("id", self._cursor)


class SocketWatcher(Watcher):
    """Joins ``user:{userId}`` over a websocket."""

    async def _look(self) -> None:
        async with aiohttp.ClientSession() as session:
            client = socketio.AsyncClient(reconnection=False, http_session=session)
            client.on("job:update", self._update)
            try:
                await client.connect(self._url, auth={"userId": self.user}, transports=["websocket"], wait_timeout=5)
                since = {"since": self._cursor} if self._cursor else {}
                await client.emit("join:user", {"userId": self.user, **since}, callback=self._joined)
                await client.wait()
            finally:
                await client.disconnect()

    def _update(self, update: dict[str, Any]) -> None:
        self._take(update)
        self._cursor = update["cursor"]

    def _joined(self, answer: dict[str, Any]) -> None:
        if answer.get("reset"):
            self._begin_anew()
        self._cursor = answer.get("cursor", self._cursor)
