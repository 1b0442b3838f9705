"""One Server-Sent Events stream: the present state first, then what the event log brings, until either side ends it.

Format: WHATWG HTML, section 9.2 (server-sent events). The lines are those of ``fastapi.sse``.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from codeforge_common.event_log import Audience, EventTail, Update
from codeforge_common.events import Event
from codeforge_common.job import JobRecord
from codeforge_gateway.views import json_bytes, update_of

PING_SECONDS = 15.0
"""Silence after which a comment is sent: proxies cut what is silent for 30 s or more (contract: under 30 s)."""

MOST_AT_ONCE = 50
"""Updates sent in one piece: what a client that doesn't read costs besides the tail, times the size of an update."""

State = Callable[[], Awaitable[Sequence[JobRecord]]]
"""Reads where the jobs of a stream stand now, long results abridged."""


class Backlog:
    """What a client still has to get. Filled by the tail, in the event loop, and emptied by the stream.

    As long as the tail remembers what waits here, it is the same memory. A client so slow that it doesn't any more is
    let go: it comes back with its ``Last-Event-ID``.
    """

    def __init__(self, tail: EventTail) -> None:
        self._tail = tail
        self._updates: deque[Update] = deque()
        self._changed = asyncio.Event()
        self.ended = False

    def deliver(self, updates: Sequence[Update]) -> None:
        """Takes updates in the log's order."""
        if self._updates and not self._tail.holds(self._updates[0]):
            self.end()
        if not self.ended:
            self._updates.extend(updates)
            self._changed.set()

    def end(self) -> None:
        """Ends the stream: the tail was lost, or the client is too slow."""
        self._updates.clear()
        self.ended = True
        self._changed.set()

    async def take(self, *, within: float) -> Sequence[Update]:
        """The next that wait; nothing when nothing came ``within`` seconds, or the stream has ended."""
        if not self._updates and not self.ended:
            self._changed.clear()
            try:
                async with asyncio.timeout(within):
                    await self._changed.wait()
            except TimeoutError:
                pass
        return [self._updates.popleft() for _ in range(min(MOST_AT_ONCE, len(self._updates)))]


class EventStream(StreamingResponse):
    """The response. It closes its generator itself: Starlette leaves that to the collector.

    ``place``: held as long as the stream is open. What it raises when it is taken is answered instead of a stream.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], *, place: AbstractContextManager[None]) -> None:
        # No proxy may hold an event back to fill a buffer, and none may keep one for somebody else.
        super().__init__(frames, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._frames = frames
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            try:
                await super().__call__(scope, receive, send)
            finally:
                if hasattr(self._frames, "aclose"):
                    await self._frames.aclose()


async def frames(
    *,
    tail: EventTail,
    owner: str | None,
    audience: Audience,
    since: str | None,
    state: State,
    expires_at: float | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[bytes]:
    """The stream's bytes. With a cursor ``since`` that can be honoured: what was missed after it, then live.

    Else: ``event: reset`` if there was one, the present ``state``, then live with a greater ``seq`` than shown. Ends
    when the tail is lost (it is loaded anew, or the service stops), when the client is too slow, and at ``expires_at``,
    when the caller's token has run out (in seconds since 1970, like ``now``; None: never).
    """
    end = math.inf if expires_at is None else expires_at
    backlog = Backlog(tail)
    subscription = tail.subscribe(owner=owner, deliver=backlog.deliver, lost=backlog.end)
    try:
        joined = await subscription.join(audience, since=since)
        shown: dict[str, int] = {}
        if since is None or joined.reset:
            # Read after the join: what changes between the two comes with the updates, and `seq` tells it apart.
            records = await state()
            shown = {record.id: record.seq for record in records}
            yield present(records, cursor=joined.cursor, reset=joined.reset)
        yield KEEPALIVE_COMMENT  # so that a client with nothing to see yet knows its stream open
        while not backlog.ended:
            updates = await backlog.take(within=min(PING_SECONDS, end - now()))
            if now() >= end:
                return
            yield _live(updates, shown) or KEEPALIVE_COMMENT
    finally:
        subscription.close()


def present(records: Sequence[JobRecord], *, cursor: str, reset: bool) -> bytes:
    """Where the jobs stand. Only the last frame has the ``id``: a client cut off before it starts again from here."""
    parts = [format_sse_event(event="reset", data_str="{}")] if reset else []
    for record in records:
        last = record is records[-1]
        data = json_bytes(update_of(record, cursor=cursor)).decode()
        parts.append(format_sse_event(event=Event.JOB_UPDATE, data_str=data, id=cursor if last else None))
    return b"".join(parts)


def _live(updates: Sequence[Update], shown: Mapping[str, int]) -> bytes:
    return b"".join(
        format_sse_event(event=Event.JOB_UPDATE, data_str=update.json, id=update.cursor)
        for update in updates
        if update.seq > shown.get(update.job_id, 0)
    )
