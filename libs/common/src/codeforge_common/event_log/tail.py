"""The log's tail in memory, fed by one blocking read for the whole process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog
from redis.exceptions import RedisError

from codeforge_common.cancelling import cancel
from codeforge_common.event_log.entry import UnreadableEntry
from codeforge_common.event_log.feed import Feed
from codeforge_common.event_log.reader import StreamReader
from codeforge_common.event_log.subscription import Subscription
from codeforge_common.event_log.update import Update

_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class EventTail:
    """Reads the log into memory and passes it on. ``max_bytes`` should be the log's own limit.

    An outage of the store costs nobody their connection: what is in memory is still replayed, and when the store is
    back the reading goes on where it stopped.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "codeforge",
        max_bytes: int = 16 * 1024 * 1024,
        tls_verify: str = "full",
        tls_ca: str | None = None,
    ) -> None:
        self._reader = StreamReader(url, namespace=namespace, tls_verify=tls_verify, tls_ca=tls_ca)
        self._feed = Feed(max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._connected = False
        self._tried = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Loads the tail (in the background where the store is away) and begins to read."""
        self._reading = asyncio.create_task(self._run(), name="event tail")
        await self._tried.wait()

    async def stop(self) -> None:
        """Ends the reading; subscriptions are told that they are lost."""
        await cancel([self._reading] if self._reading else [])
        self._connected = False
        self._feed.lose_all()
        await self._reader.close()

    @property
    def connected(self) -> bool:
        """Whether the log is read right now."""
        return self._connected

    @property
    def cursor(self) -> str:
        """The position of the newest entry known here."""
        return self._feed.cursor

    def holds(self, update: Update) -> bool:
        """Whether ``update`` is still in memory: what is queued for a client costs no memory as long as it is."""
        return self._feed.memory.holds(update)

    def subscribe(
        self, *, owner: str | None, deliver: Callable[[Sequence[Update]], None], lost: Callable[[], None]
    ) -> Subscription:
        """A subscription of ``owner`` (None: a client that names nobody, in development mode).

        ``deliver`` gets updates in the log's order, in the event loop, and must not block. ``lost`` is called once when
        the tail had to be loaded anew: the client must rejoin.
        """
        return self._feed.subscribe(owner=owner, deliver=deliver, lost=lost)

    async def _run(self) -> None:
        pause = _PAUSE_SECONDS
        while True:
            try:
                await self._resume()
                pause = _PAUSE_SECONDS
                while True:
                    await self._read()
            except Exception as error:  # whatever it is: a tail that no longer reads would silence every client
                if self._connected or not self._tried.is_set():
                    expected = isinstance(error, RedisError | OSError | UnreadableEntry)
                    _log.warning(
                        "the event log can't be read, trying again",
                        reason=f"{type(error).__name__}: {error}",
                        exc_info=not expected,
                    )
                self._connected = False
            self._tried.set()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _resume(self) -> None:
        """Goes on where the reading stopped, if the log still has that place; else begins anew."""
        await self._reader.ping()
        newest = self._feed.memory.newest
        if not self._feed.loaded or (newest is not None and not await self._reader.has(newest.id)):
            await self._load()
        if not self._connected:
            _log.info("reading the event log", cursor=self.cursor)
        self._connected = True
        self._tried.set()

    async def _read(self) -> None:
        for entry in await self._reader.after(self._feed.memory.newest):
            if not self._feed.memory.follows(entry):
                # We were away while the log turned over, or the store lost its end.
                _log.warning("the event log has a gap here, its tail is loaded anew", cursor=self.cursor)
                await self._load()
                return
            self._feed.take(entry)

    async def _load(self) -> None:
        self._feed.load(await self._reader.newest(max_bytes=self._max_bytes))
